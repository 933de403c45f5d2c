// Containers by their cgroup path, and their names by what the runtimes keep on disk.
#include <algorithm>
#include <array>
#include <utility>

#include <boost/json/parse.hpp>

#include "agent/files.h"
#include "agent/host.h"

namespace ringwall::agent {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> prefixes{
    {{"libpod-", "podman"},
     {"docker-", "docker"},
     {"cri-containerd-", "containerd"},
     {"crio-", "cri-o"}}};

bool is_id(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::optional<ContainerRef> container_named(std::string_view part, std::string_view parent) {
    if (part.ends_with(".scope"))
        part.remove_suffix(6);
    for (const auto& [prefix, runtime] : prefixes)
        if (part.starts_with(prefix) && is_id(part.substr(prefix.size())))
            return ContainerRef{std::string(part.substr(prefix.size())), std::string(runtime)};
    if (!is_id(part))
        return std::nullopt;
    const bool pod = parent.starts_with("pod") || parent.starts_with("kubepods");
    return ContainerRef{std::string(part), parent == "docker" ? "docker" : pod ? "containerd" : ""};
}

json::value parsed(std::string_view text) {
    json::error_code error;
    auto value = json::parse(json::string_view(text.data(), text.size()), error);
    return error ? json::value() : value;
}

std::string text_at(const json::value& value, std::string_view key) {
    const auto* object = value.if_object();
    const auto* found =
        object ? object->if_contains(json::string_view(key.data(), key.size())) : nullptr;
    return found && found->is_string() ? std::string(found->get_string()) : std::string{};
}

std::string from_runtime(const ContainerRef& container) {
    const auto read = [](const std::string& path) { return read_file(path).value_or(""); };
    if (container.runtime == "docker")
        return docker_name(read("/var/lib/docker/containers/" + container.id + "/config.v2.json"));
    if (container.runtime == "podman")
        for (const char* driver : {"overlay", "vfs", "btrfs", "zfs"})
            if (auto name = podman_name(read("/var/lib/containers/storage/" + std::string(driver) +
                                             "-containers/containers.json"),
                                        container.id);
                !name.empty())
                return name;
    if (container.runtime == "containerd")
        return cri_name(read("/run/containerd/io.containerd.runtime.v2.task/k8s.io/" +
                             container.id + "/config.json"));
    return {};
}

} // namespace

std::optional<ContainerRef> container_in(std::string_view path) {
    std::optional<ContainerRef> found;
    std::string_view parent;
    while (!path.empty()) {
        const auto slash = path.find('/');
        const auto part = path.substr(0, slash);
        if (auto container = container_named(part, parent))
            found = std::move(container);
        parent = part;
        path = slash == path.npos ? std::string_view{} : path.substr(slash + 1);
    }
    return found;
}

std::string docker_name(std::string_view config_v2_json) {
    auto name = text_at(parsed(config_v2_json), "Name");
    return name.starts_with('/') ? name.substr(1) : name;
}

std::string podman_name(std::string_view containers_json, std::string_view id) {
    const auto all = parsed(containers_json);
    if (!all.is_array())
        return {};
    for (const auto& each : all.get_array()) {
        const auto* names = each.is_object() ? each.get_object().if_contains("names") : nullptr;
        if (text_at(each, "id") == id && names && names->is_array() &&
            !names->get_array().empty() && names->get_array()[0].is_string())
            return std::string(names->get_array()[0].get_string());
    }
    return {};
}

std::string cri_name(std::string_view config_json) {
    const auto config = parsed(config_json);
    const auto* annotations =
        config.is_object() ? config.get_object().if_contains("annotations") : nullptr;
    return annotations ? text_at(*annotations, "io.kubernetes.cri.container-name") : std::string{};
}

std::string container_name(const ContainerRef& container) {
    const auto name = from_runtime(container);
    return name.empty() ? container.id.substr(0, 12) : name;
}

} // namespace ringwall::agent
