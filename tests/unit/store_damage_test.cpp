// A database whose file was damaged is refused, with a way out.
#include <fstream>

#include "tests/unit/store_fixture.h"

namespace ringwall::store {
namespace {

using namespace testing;

constexpr std::streamoff page = 4096;

class StoreDamage : public StoreTest {
  protected:
    void SetUp() override {
        std::vector<Edit> edits;
        for (int i = 0; i < 500; ++i)
            edits.push_back(
                put({"service", "s" + std::to_string(i)},
                    R"({"text":")" + std::string(100, 'x') + std::to_string(i) + "\"}"));
        commit(edits);
        store_.reset();
    }
    std::streamoff pages() {
        return static_cast<std::streamoff>(std::filesystem::file_size(path_)) / page;
    }
    void overwrite(std::streamoff at, const std::string& bytes) {
        std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(at);
        file << bytes;
    }
    // Refused when opened, or at the latest by verify: never taken for good.
    void expect_noticed(const std::string& what) {
        auto opened = open_sqlite({.path = path_});
        if (!opened) {
            EXPECT_EQ(opened.error().code, Errc::corrupt) << what << ": " << opened.error().message;
            return;
        }
        const auto objects = (*opened)->objects("service", {.limit = 0});
        const auto proof = (*opened)->verify();
        EXPECT_FALSE(objects && objects->items.size() == 500 && proof) << what;
    }
};

TEST_F(StoreDamage, APageOfGarbageIsRefusedWithTheFileAndTheCommandThatHelps) {
    overwrite(page * (pages() / 2), std::string(page, '\x5a'));
    const auto opened = open_sqlite({.path = path_});
    expect_error(opened, Errc::corrupt, path_ + ": the database is damaged");
    expect_error(opened, Errc::corrupt, "restore a backup with 'ringwall-controller restore FILE'");
}

TEST_F(StoreDamage, GarbageOnAnyPageIsNoticed) {
    const auto sound = scratch_.path("sound.db");
    std::filesystem::copy_file(path_, sound);
    for (std::streamoff i = 1; i < pages(); ++i) {
        overwrite(page * i, std::string(page, '\xff'));
        expect_noticed("page " + std::to_string(i));
        std::filesystem::copy_file(sound, path_, std::filesystem::copy_options::overwrite_existing);
    }
    EXPECT_TRUE(must(open_sqlite({.path = path_}))->verify());
}

TEST_F(StoreDamage, AFileCutShortIsRefused) {
    std::filesystem::resize_file(path_, static_cast<std::uintmax_t>(page * (pages() - 3)));
    expect_error(open_sqlite({.path = path_}), Errc::corrupt, "restore a backup");
}

TEST_F(StoreDamage, AFileThatIsNoDatabaseIsRefused) {
    overwrite(0, std::string(page, 'A'));
    expect_error(open_sqlite({.path = path_}), Errc::corrupt, "file is not a database");
}

} // namespace
} // namespace ringwall::store
