// What the loader reads of its host.
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "loader/datapath.h"
#include "loader/mounts.h"
#include "loader_aux_world.h"

namespace ringwall::loader::test {
namespace {

long type_of(const std::string& directory) {
    struct statfs info{};
    return statfs(directory.c_str(), &info) == 0 ? static_cast<long>(info.f_type) : 0;
}

// ---- mounts ----------------------------------------------------------------------------------

constexpr std::string_view mountinfo =
    "1 1 0:2 / / rw - rootfs rootfs rw\n"
    "27 1 254:3 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw\n"
    "30 27 0:25 /images/a\\040b /var/lib/my\\040data ro - btrfs /dev/vdb ro\n"
    "31 30 8:1 /bin/named /var/lib/my\\040data/named ro - xfs /dev/sda1 ro\n"
    "40 99 0:40 / /lost rw - tmpfs tmpfs rw\n"
    "this line is broken\n"
    "41 27 0:x / /broken rw - tmpfs tmpfs rw\n";

TEST(Mountinfo, gives_device_part_and_place) {
    const auto mounts = parse_mounts(mountinfo);
    ASSERT_EQ(5u, mounts.size());
    EXPECT_EQ(254u << 20 | 3u, mounts.at(27).device);
    EXPECT_EQ("/images/a b", mounts.at(30).root);
    EXPECT_EQ("/var/lib/my data", mounts.at(30).point);
    EXPECT_EQ("btrfs", mounts.at(30).type);
    EXPECT_EQ(27u, mounts.at(30).parent);
}

TEST(Mountinfo, leads_from_any_mount_to_the_root_that_its_paths_start_at) {
    const auto mounts = parse_mounts(mountinfo);
    EXPECT_EQ(27u, root_of(mounts, 31)->first);
    EXPECT_EQ(27u, root_of(mounts, 27)->first);
    EXPECT_EQ(1u, root_of(mounts, 1)->first);
    EXPECT_EQ(nullptr, root_of(mounts, 40)) << "its parent cannot be seen";
    EXPECT_EQ(nullptr, root_of(mounts, 1234));
}

TEST(Mountinfo, does_not_go_round_for_ever) {
    EXPECT_EQ(nullptr,
              root_of(parse_mounts("5 6 0:1 / /a rw - x x rw\n6 5 0:1 / /b rw - x x rw\n"), 5));
}

// ---- cgroup v2 and bpffs ---------------------------------------------------------------------

TEST(Cgroup2, is_found_where_it_is_mounted) {
    const auto mount = cgroup2_mount();
    ASSERT_TRUE(mount) << mount.error().message;
    EXPECT_EQ(CGROUP2_SUPER_MAGIC, type_of(*mount));
}

TEST(Cgroup2, has_the_inode_of_the_directory_as_id) {
    const auto mount = cgroup2_mount();
    ASSERT_TRUE(mount);
    struct stat info{};
    ASSERT_EQ(0, stat(mount->c_str(), &info));
    EXPECT_EQ(info.st_ino, cgroup_id(*mount).value());
}

TEST(Cgroup2, says_where_the_tree_is_when_a_directory_is_not_of_it) {
    const TemporaryDirectory other;
    for (const auto& path : {other.path, other.path + "/missing"}) {
        const auto id = cgroup_id(path);
        ASSERT_FALSE(id);
        EXPECT_NE(std::string::npos, id.error().message.find(path));
        EXPECT_NE(std::string::npos, id.error().message.find(*cgroup2_mount()))
            << id.error().message;
    }
}

class Bpffs : public testing::Test {
  protected:
    void SetUp() override {
        if (geteuid() != 0)
            GTEST_SKIP() << "mounting needs root";
    }
    void TearDown() override { umount2(place_.c_str(), MNT_DETACH); }
    TemporaryDirectory directory_;
    std::string place_ = directory_.path + "/new/bpf";
};

TEST_F(Bpffs, is_mounted_once_in_a_new_directory) {
    for (int time = 0; time < 2; ++time) {
        const auto done = ensure_bpffs(place_);
        ASSERT_TRUE(done) << done.error().message;
        EXPECT_EQ(BPF_FS_MAGIC, type_of(place_));
    }
    ASSERT_EQ(0, umount2(place_.c_str(), MNT_DETACH));
    EXPECT_NE(BPF_FS_MAGIC, type_of(place_)) << "mounted twice";
}

TEST_F(Bpffs, gets_a_directory_where_it_is_mounted_above) {
    ASSERT_TRUE(ensure_bpffs(place_));
    ASSERT_TRUE(ensure_bpffs(place_ + "/ringwall/a"));
    struct stat above{}, below{};
    ASSERT_EQ(0, stat(place_.c_str(), &above));
    ASSERT_EQ(0, stat((place_ + "/ringwall/a").c_str(), &below));
    EXPECT_EQ(above.st_dev, below.st_dev);
}

TEST_F(Bpffs, hides_no_files) {
    std::ofstream(directory_.path + "/precious") << "data";
    const auto done = ensure_bpffs(directory_.path);
    ASSERT_FALSE(done);
    EXPECT_NE(std::string::npos, done.error().message.find("holds other files"));
    EXPECT_NE(BPF_FS_MAGIC, type_of(directory_.path));
}

TEST_F(Bpffs, names_the_right_that_is_missing) {
    int ends[2];
    ASSERT_EQ(0, pipe(ends));
    const Fd in(ends[0]), out(ends[1]);
    ASSERT_EQ(0, chown(directory_.path.c_str(), 65534, 65534));
    const Child nobody([&](const auto& ready) {
        if (setuid(65534) == 0) {
            const auto done = ensure_bpffs(place_);
            const std::string text = done ? "done" : done.error().message;
            (void)!write(out.get(), text.data(), text.size());
        }
        ready();
    });
    char text[512] = {};
    ASSERT_GT(read(in.get(), text, sizeof text - 1), 0);
    EXPECT_NE(std::string::npos, std::string(text).find("CAP_SYS_ADMIN")) << text;
}

// ---- features --------------------------------------------------------------------------------

const Feature* find(const std::vector<Feature>& features, const std::string& name) {
    const auto found = std::find_if(features.begin(), features.end(),
                                    [&](const Feature& feature) { return feature.name == name; });
    return found == features.end() ? nullptr : &*found;
}

TEST(Features, are_all_here_for_root_where_the_datapath_loads) {
    if (geteuid() != 0)
        GTEST_SKIP() << "asking for program types needs root";
    for (const auto& feature : probe_features())
        EXPECT_TRUE(feature.present || !feature.required) << feature.name << ": " << feature.note;
}

TEST(Features, have_names_of_their_own_and_a_cure_when_missing) {
    std::set<std::string> names;
    for (const auto& feature : probe_features()) {
        EXPECT_TRUE(names.insert(feature.name).second) << feature.name;
        EXPECT_TRUE(feature.present || feature.note.size() > 20) << feature.name;
    }
    EXPECT_GT(names.size(), 20u);
}

TEST(Features, tell_an_ordinary_user_which_rights_are_missing) {
    int ends[2];
    ASSERT_EQ(0, pipe(ends));
    const Fd in(ends[0]), out(ends[1]);
    const Child nobody([&](const auto& ready) {
        if (geteuid() != 0 || setuid(65534) == 0) {
            std::string text;
            for (const auto& feature : probe_features())
                if (feature.required && !feature.present)
                    text += feature.name + "\n";
            (void)!write(out.get(), text.data(), text.size());
        }
        ready();
    });
    char text[8192] = {};
    ASSERT_GT(read(in.get(), text, sizeof text - 1), 0);
    std::istringstream lines(text);
    std::set<std::string> missing;
    for (std::string line; std::getline(lines, line);)
        missing.insert(line);
    for (const char* name : {"CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON", "BPF maps of type ringbuf"})
        EXPECT_TRUE(missing.contains(name)) << name;
    EXPECT_FALSE(missing.contains("Linux 5.10 or newer"));
    EXPECT_FALSE(missing.contains("cgroup v2"));
}

TEST(Features, say_where_things_are_mounted) {
    const auto features = probe_features();
    const auto* cgroup = find(features, "cgroup v2");
    ASSERT_TRUE(cgroup);
    EXPECT_EQ("mounted at " + *cgroup2_mount(), cgroup->note);
}

} // namespace
} // namespace ringwall::loader::test
