#include "agent/host.h"

#include <algorithm>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "agent/nat.h"

namespace ringwall::agent {
namespace {

constexpr const char* id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

TEST(RootMount, TheLastMountOnRootCounts) {
    const auto mount = root_mount("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                                  "23 22 0:5 / /proc rw - proc proc rw\n"
                                  "99 22 0:46 /diff/abc / rw - overlay overlay rw\n");
    ASSERT_TRUE(mount);
    EXPECT_EQ(mount->device, 46u);
    EXPECT_FALSE(mount->whole);
    EXPECT_EQ(root_mount("22 1 254:3 / / rw - ext4 x rw\n")->device, (254u << 20) + 3);
    EXPECT_TRUE(root_mount("22 1 254:3 / / rw - ext4 x rw\n")->whole);
}

TEST(RootMount, NonsenseIsNoMount) {
    EXPECT_FALSE(root_mount(""));
    EXPECT_FALSE(root_mount("22 1\n\n23 22 0:5 / /proc rw - proc proc rw\n"));
    EXPECT_FALSE(root_mount("22 1 x / / rw\n"));
}

TEST(Root, OfThisProcessIsItsOwn) {
    const auto own = own_root();
    EXPECT_NE(own.user_ns, 0u);
    const auto again = root_of_process(getpid());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->user_ns, own.user_ns);
    EXPECT_EQ(again->device, own.device);
    EXPECT_FALSE(root_of_process(0x7ffffff0));
}

struct Form {
    std::string path, runtime;
};
class ContainerForms : public ::testing::TestWithParam<Form> {};

TEST_P(ContainerForms, AreFound) {
    const auto container = container_in(GetParam().path);
    ASSERT_TRUE(container) << GetParam().path;
    EXPECT_EQ(container->id, id);
    EXPECT_EQ(container->runtime, GetParam().runtime);
}

INSTANTIATE_TEST_SUITE_P(
    Host, ContainerForms,
    ::testing::Values(
        Form{std::string("/libpod_parent/libpod-") + id, "podman"},
        Form{std::string("/machine.slice/libpod-") + id + ".scope", "podman"},
        Form{std::string("/machine.slice/libpod-") + id + ".scope/container/init.scope", "podman"},
        Form{std::string("/system.slice/docker-") + id + ".scope", "docker"},
        Form{std::string("/docker/") + id, "docker"},
        Form{std::string("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/"
                         "cri-containerd-") +
                 id + ".scope",
             "containerd"},
        Form{std::string("/kubepods/burstable/pod1-2/") + id, "containerd"},
        Form{std::string("/kubepods.slice/crio-") + id + ".scope", "cri-o"}));

TEST(Container, OrdinaryCgroupsAreNone) {
    for (auto path : {"", "/", "/system.slice/named.service", "/user.slice/libpod-abc.scope",
                      "/machine.slice/libpod-conmon-x"})
        EXPECT_FALSE(container_in(path)) << path;
}

TEST(Container, NamesComeFromTheRuntimesFiles) {
    EXPECT_EQ(docker_facts(R"({"ID":"x","Name":"/shop"})").name, "shop");
    EXPECT_EQ(podman_facts(R"([{"id":"a","names":["one"]},{"id":"b","names":["two"]}])", "b").name,
              "two");
    EXPECT_EQ(podman_facts(R"([{"id":"a","names":[]}])", "a").name, "");
    EXPECT_EQ(cri_facts(R"({"annotations":{"io.kubernetes.cri.container-name":"web"}})").name,
              "web");
    for (auto nonsense : {"", "{", "[]", "{}", R"({"Name":1})", R"({"annotations":[]})"}) {
        EXPECT_EQ(docker_facts(nonsense).name, "");
        EXPECT_EQ(podman_facts(nonsense, "a").name, "");
        EXPECT_EQ(cri_facts(nonsense).name, "");
    }
}

TEST(Container, ImagesAndLabelsComeFromThereToo) {
    const auto docker = docker_facts(
        R"({"Name":"/shop","Config":{"Image":"nginx:1.27","Labels":{"tier":"web","n":1}}})");
    EXPECT_EQ(docker.image, "nginx:1.27");
    EXPECT_EQ(docker.labels, (std::map<std::string, std::string>{{"tier", "web"}}));
    EXPECT_EQ(
        podman_facts(
            R"([{"id":"a","names":["one"],"metadata":"{\"image-name\":\"localhost/one:latest\"}"}])",
            "a")
            .image,
        "localhost/one:latest");
    const auto pod = cri_facts(R"({"annotations":{"io.kubernetes.cri.container-name":"web",
        "io.kubernetes.cri.image-name":"docker.io/library/nginx:1.27",
        "io.kubernetes.cri.sandbox-name":"web-0","io.kubernetes.cri.sandbox-namespace":"shop"}})");
    EXPECT_EQ(pod.image, "docker.io/library/nginx:1.27");
    EXPECT_EQ(pod.labels,
              (std::map<std::string, std::string>{{"io.kubernetes.pod.name", "web-0"},
                                                  {"io.kubernetes.pod.namespace", "shop"}}));
    std::string many = R"({"Name":"/x","Config":{"Labels":{)";
    for (int i = 0; i < 100; ++i)
        many += (i ? "," : "") + std::string("\"l") + std::to_string(i) + R"(":"v")";
    EXPECT_EQ(docker_facts(many + "}}}").labels.size(), 32U);
}

TEST(Users, HaveNamesWhereTheyAreKnown) {
    EXPECT_EQ(user_name(0), "root");
    EXPECT_EQ(user_name(3'999'999'999), "3999999999");
    EXPECT_EQ(user_id("root"), 0u);
    EXPECT_FALSE(user_id("no-such-user-here"));
    EXPECT_EQ(group_id("root"), 0u);
}

std::vector<std::uint8_t> chain_message(std::string_view type) {
    const std::size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(nfgenmsg));
    nlattr attribute{static_cast<std::uint16_t>(sizeof(nlattr) + type.size() + 1), NFTA_CHAIN_TYPE};
    std::vector<std::uint8_t> out(NLMSG_ALIGN(at + attribute.nla_len));
    std::memcpy(out.data() + at, &attribute, sizeof attribute);
    std::ranges::copy(type, out.begin() + static_cast<std::ptrdiff_t>(at + sizeof attribute));
    nlmsghdr head{};
    head.nlmsg_len = static_cast<std::uint32_t>(out.size());
    std::memcpy(out.data(), &head, sizeof head);
    return out;
}

TEST(Nat, IsSeenInADumpOfChains) {
    EXPECT_TRUE(has_nat_chain(chain_message("nat")));
    EXPECT_FALSE(has_nat_chain(chain_message("filter")));
    auto both = chain_message("filter");
    const auto nat = chain_message("nat");
    both.insert(both.end(), nat.begin(), nat.end());
    EXPECT_TRUE(has_nat_chain(both));
}

TEST(Nat, ADamagedDumpEndsReading) {
    auto message = chain_message("nat");
    for (std::size_t size = 0; size < message.size() - 4; ++size)
        EXPECT_FALSE(has_nat_chain(std::span(message).first(size))) << size;
    std::vector<std::uint8_t> zeros(64);
    EXPECT_FALSE(has_nat_chain(zeros));
}

TEST(Nat, TablesOfIptablesAreListedByName) {
    EXPECT_TRUE(has_nat_table("filter\nnat\n"));
    EXPECT_FALSE(has_nat_table("filter\nnative\n"));
    EXPECT_FALSE(has_nat_table(""));
}

} // namespace
} // namespace ringwall::agent
