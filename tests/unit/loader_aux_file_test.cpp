// Which file is it? As the kernel says it in `owner.file`, so that a digest can be checked.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "loader/file_id.h"
#include "loader/handle.h"
#include "loader_aux_world.h"

namespace ringwall::loader::test {
namespace {

namespace fs = std::filesystem;
constexpr Secret file_secret{3, 4};

class File : public ::testing::Test {
  protected:
    TemporaryDirectory directory_;
    std::string path_ = directory_.path + "/file";
    void SetUp() override { std::ofstream(path_) << "one"; }

    static Fd look(const std::string& path) { return Fd(open(path.c_str(), O_PATH | O_CLOEXEC)); }
    std::uint64_t id() const {
        const auto keys = file_keys(look(path_).get());
        return keys.empty() ? 0 : file_id(keys[0], file_secret);
    }
};

TEST_F(File, is_told_by_inode_device_and_change_time) {
    struct stat info{};
    ASSERT_EQ(0, stat(path_.c_str(), &info));
    const auto keys = file_keys(look(path_).get());
    ASSERT_FALSE(keys.empty());
    EXPECT_EQ(info.st_ino, keys[0].inode);
    EXPECT_EQ(major(info.st_dev) << 20 | minor(info.st_dev), keys[0].device);
    EXPECT_EQ(static_cast<std::uint64_t>(info.st_ctim.tv_sec) * 1'000'000'000 +
                  static_cast<std::uint64_t>(info.st_ctim.tv_nsec),
              keys[0].changed_ns);
}

TEST_F(File, has_another_id_after_every_change) {
    const auto before = id();
    // To a time that no clock tick hides.
    struct stat old{}, now{};
    ASSERT_EQ(0, stat(path_.c_str(), &old));
    do {
        std::ofstream(path_) << "two";
        ASSERT_EQ(0, stat(path_.c_str(), &now));
    } while (old.st_ctim.tv_sec == now.st_ctim.tv_sec &&
             old.st_ctim.tv_nsec == now.st_ctim.tv_nsec);
    EXPECT_NE(before, id());
}

TEST_F(File, differs_from_a_copy_and_under_another_secret) {
    fs::copy_file(path_, path_ + ".copy");
    const auto key = file_keys(look(path_).get()).at(0);
    const auto copy = file_keys(look(path_ + ".copy").get()).at(0);
    EXPECT_NE(file_id(key, file_secret), file_id(copy, file_secret));
    EXPECT_NE(file_id(key, file_secret), file_id(key, {3, 5}));
}

TEST_F(File, is_regular_or_has_no_id) {
    ASSERT_EQ(0, mkfifo((path_ + ".pipe").c_str(), 0600));
    EXPECT_TRUE(file_keys(look(path_ + ".pipe").get()).empty());
    EXPECT_TRUE(file_keys(look("/dev/null").get()).empty());
    EXPECT_TRUE(file_keys(look(directory_.path).get()).empty());
    EXPECT_TRUE(file_keys(-1).empty());
}

} // namespace
} // namespace ringwall::loader::test
