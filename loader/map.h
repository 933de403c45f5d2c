// A BPF hash-like map as typed operations over a borrowed descriptor.
#pragma once

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ringwall::loader {

template <typename Key, typename Value>
class Map {
  public:
    Map() = default;
    Map(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

    int fd() const { return fd_; }
    const std::string& name() const { return name_; }

    std::optional<Value> find(const Key& key) const {
        Value value;
        if (bpf_map_lookup_elem(fd_, &key, &value))
            return std::nullopt;
        return value;
    }

    // 0 or -errno.
    int set(const Key& key, const Value& value, std::uint64_t flags = BPF_ANY) const {
        return bpf_map_update_elem(fd_, &key, &value, flags) ? -errno : 0;
    }

    int erase(const Key& key) const { return bpf_map_delete_elem(fd_, &key) ? -errno : 0; }

    // Writes all pairs, in batches where the kernel has them for this type. `written` counts those
    // that were, also on failure. 0 or -errno.
    int set_all(std::span<const Key> keys, std::span<const Value> values,
                std::size_t& written) const {
        written = 0;
        while (written < keys.size()) {
            std::uint32_t count = std::min<std::size_t>(keys.size() - written, batch);
            if (!batched_ ||
                bpf_map_update_batch(fd_, &keys[written], &values[written], &count, nullptr)) {
                if (batched_ && errno != EINVAL && errno != EOPNOTSUPP &&
                    errno != 524 /* ENOTSUPP */) {
                    written += count;
                    return -errno;
                }
                batched_ = false;
                if (const int error = set(keys[written], values[written]))
                    return error;
                count = 1;
            }
            written += count;
        }
        return 0;
    }

    // Every key, as the map was at some time during the walk.
    std::vector<Key> keys() const {
        std::vector<Key> out;
        Key key, next;
        const Key* at = nullptr;
        while (bpf_map_get_next_key(fd_, at, &next) == 0) {
            out.push_back(next);
            key = next;
            at = &key;
        }
        return out;
    }

  private:
    static constexpr std::uint32_t batch = 4096;
    int fd_ = -1;
    std::string name_;
    mutable bool batched_ = true;
};

} // namespace ringwall::loader
