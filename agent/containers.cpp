// Containers by their cgroup path, and their names by what the runtimes keep on disk.
#include <algorithm>
#include <array>
#include <utility>

#include <boost/json/parse.hpp>

#include "agent/files.h"
#include "agent/host.h"
#include "agent/json_fields.h"

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

const json::value& member(const json::value& value, std::string_view key) {
    static const json::value none;
    const auto* object = value.if_object();
    const auto* found = object ? object->if_contains(key) : nullptr;
    return found ? *found : none;
}

std::map<std::string, std::string> labels_in(const json::value& labels) {
    constexpr std::size_t most = 32, longest = 256;
    std::map<std::string, std::string> out;
    if (const auto* all = labels.if_object())
        for (const auto& [key, value] : *all)
            if (out.size() < most && key.size() <= longest && value.is_string() &&
                value.get_string().size() <= longest)
                out.emplace(key, value.get_string());
    return out;
}

ContainerFacts from_runtime(const ContainerRef& container) {
    const auto read = [](const std::string& path) { return read_file(path).value_or(""); };
    if (container.runtime == "docker")
        return docker_facts(read("/var/lib/docker/containers/" + container.id + "/config.v2.json"));
    if (container.runtime == "podman")
        for (const char* driver : {"overlay", "vfs", "btrfs", "zfs"})
            if (auto facts = podman_facts(read("/var/lib/containers/storage/" +
                                               std::string(driver) + "-containers/containers.json"),
                                          container.id);
                !facts.name.empty())
                return facts;
    if (container.runtime == "containerd")
        return cri_facts(read("/run/containerd/io.containerd.runtime.v2.task/k8s.io/" +
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

ContainerFacts docker_facts(std::string_view config_v2_json) {
    const auto container = parsed(config_v2_json);
    const auto& config = member(container, "Config");
    auto name = text_at(container, "Name");
    return {name.starts_with('/') ? name.substr(1) : std::move(name), text_at(config, "Image"),
            labels_in(member(config, "Labels"))};
}

ContainerFacts podman_facts(std::string_view containers_json, std::string_view id) {
    const auto all = parsed(containers_json);
    if (!all.is_array())
        return {};
    for (const auto& each : all.get_array()) {
        const auto* names = member(each, "names").if_array();
        if (text_at(each, "id") == id && names && !names->empty() && (*names)[0].is_string())
            return {std::string((*names)[0].get_string()),
                    text_at(parsed(text_at(each, "metadata")), "image-name"),
                    {}};
    }
    return {};
}

ContainerFacts cri_facts(std::string_view config_json) {
    const auto config = parsed(config_json);
    const auto& annotations = member(config, "annotations");
    ContainerFacts out{text_at(annotations, "io.kubernetes.cri.container-name"),
                       text_at(annotations, "io.kubernetes.cri.image-name"),
                       {}};
    for (const std::string what : {"name", "namespace"})
        if (auto value = text_at(annotations, "io.kubernetes.cri.sandbox-" + what); !value.empty())
            out.labels.emplace("io.kubernetes.pod." + what, std::move(value));
    return out;
}

ContainerFacts container_facts(const ContainerRef& container) {
    auto facts = from_runtime(container);
    if (facts.name.empty())
        facts.name = container.id.substr(0, 12);
    return facts;
}

std::string container_name(const ContainerRef& container) {
    return container_facts(container).name;
}

} // namespace ringwall::agent
