#include "loader/seal.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstring>

namespace ringwall::loader {
namespace {

constexpr std::uint32_t batch_rows = 4096;
constexpr int not_supported = 524; // ENOTSUPP, which libc does not know

// A walk over one map in steps; the sum of the rows' hashes.
class Walk {
  public:
    Walk(int fd, const Secret& secret) : fd_(fd), secret_(secret) {
        bpf_map_info info{};
        std::uint32_t size = sizeof info;
        if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0) {
            key_size_ = info.key_size;
            value_size_ = info.value_size;
            by_batch_ = info.type != BPF_MAP_TYPE_LPM_TRIE; // whose batches are younger than 5.10
        }
        position_.resize(std::max<std::size_t>(key_size_, 8));
    }

    void restart() {
        sum_ = 0;
        begun_ = over_ = false;
    }
    bool over() const { return over_; }
    std::uint64_t sum() const { return sum_; }

    // Returns how many rows it took.
    std::size_t step(std::size_t rows) { return by_batch_ ? batch(rows) : one_by_one(rows); }

  private:
    void add(const char* key, const char* value) {
        std::vector<std::uint64_t>& words = words_;
        words.assign((key_size_ + value_size_ + 7) / 8, 0);
        std::memcpy(words.data(), key, key_size_);
        std::memcpy(reinterpret_cast<char*>(words.data()) + key_size_, value, value_size_);
        sum_ += words_id(words, key_size_ + value_size_, secret_);
    }

    std::size_t batch(std::size_t rows) {
        std::uint32_t count = batch_rows;
        keys_.resize(std::size_t{count} * key_size_);
        values_.resize(std::size_t{count} * value_size_);
        std::size_t done = 0;
        while (!over_ && done < rows) {
            count = batch_rows;
            const int failed =
                bpf_map_lookup_batch(fd_, begun_ ? position_.data() : nullptr, position_.data(),
                                     keys_.data(), values_.data(), &count, nullptr);
            if (failed && errno == not_supported) {
                by_batch_ = false;
                return done + one_by_one(rows - done);
            }
            over_ = failed != 0; // ENOENT: that was the end
            begun_ = true;
            for (std::uint32_t i = 0; i < count; ++i)
                add(&keys_[i * key_size_], &values_[i * value_size_]);
            done += count;
        }
        return done;
    }

    std::size_t one_by_one(std::size_t rows) {
        keys_.resize(key_size_);
        values_.resize(value_size_);
        std::size_t done = 0;
        for (; !over_ && done < rows; ++done) {
            if (bpf_map_get_next_key(fd_, begun_ ? position_.data() : nullptr, keys_.data())) {
                over_ = true;
                break;
            }
            begun_ = true;
            std::memcpy(position_.data(), keys_.data(), key_size_);
            if (bpf_map_lookup_elem(fd_, keys_.data(), values_.data()) == 0)
                add(keys_.data(), values_.data());
        }
        return done;
    }

    int fd_;
    const Secret& secret_;
    std::size_t key_size_ = 0, value_size_ = 0;
    bool by_batch_ = true, begun_ = false, over_ = false;
    std::uint64_t sum_ = 0;
    std::vector<char> position_, keys_, values_;
    std::vector<std::uint64_t> words_;
};

} // namespace

struct Seals::State {
    struct Sealed {
        std::string name;
        Walk walk;
        std::uint64_t sum = 0;
        bool told = false;
    };
    explicit State(const Secret& key) : secret(key) {}
    const Secret secret;
    std::vector<Sealed> maps;
    std::size_t at = 0;
};

Seals::Seals(std::vector<SealedMap> maps, const Secret& secret)
    : state_(std::make_unique<State>(secret)) {
    for (auto& map : maps)
        state_->maps.push_back({std::move(map.name), Walk(map.fd, state_->secret)});
}

Seals::~Seals() = default;
Seals::Seals(Seals&&) noexcept = default;
Seals& Seals::operator=(Seals&&) noexcept = default;

void Seals::renew() {
    for (auto& map : state_->maps) {
        map.walk.restart();
        while (!map.walk.over())
            map.walk.step(batch_rows);
        map.sum = map.walk.sum();
        map.told = false;
        map.walk.restart();
    }
    state_->at = 0;
}

std::vector<std::string> Seals::compare(std::size_t rows) {
    std::vector<std::string> differ;
    auto& maps = state_->maps;
    for (std::size_t looked_at = 0, done = 0; looked_at < maps.size() && done < rows;) {
        auto& map = maps[state_->at];
        done += map.walk.step(rows - done);
        if (!map.walk.over())
            continue;
        if (map.walk.sum() != map.sum && !map.told) {
            map.told = true;
            differ.push_back(map.name);
        }
        map.walk.restart();
        state_->at = (state_->at + 1) % maps.size();
        ++looked_at;
    }
    return differ;
}

} // namespace ringwall::loader
