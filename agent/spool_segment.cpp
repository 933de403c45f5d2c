#include "agent/spool_segment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <boost/crc.hpp>
#include <fmt/format.h>

namespace ringwall::agent {
namespace {

constexpr std::string_view record_magic = "RWF1";
constexpr std::string_view mark_magic = "RWM1";
constexpr std::size_t head_bytes = 32, crc_at = 28;
constexpr std::size_t slot_bytes = 4096, mark_numbers = 7; // generation and MarkValues

void put(std::string& out, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint64_t get(std::string_view in, std::size_t at, int bytes) {
    std::uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; --i)
        value = value << 8 | static_cast<unsigned char>(in[at + static_cast<std::size_t>(i)]);
    return value;
}

std::uint32_t checksum(std::string_view one, std::string_view other = {}) {
    boost::crc_32_type crc;
    crc.process_bytes(one.data(), one.size());
    crc.process_bytes(other.data(), other.size());
    return crc.checksum();
}

bool write_at(int file, std::string_view bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const auto written = pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return true;
}

// What there is of it.
std::optional<std::string> read_at(int file, std::size_t length, std::uint64_t offset) {
    std::string out(length, '\0');
    std::size_t have = 0;
    while (have < length) {
        const auto got =
            pread(file, out.data() + have, length - have, static_cast<off_t>(offset + have));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return std::nullopt;
        if (got == 0)
            break;
        have += static_cast<std::size_t>(got);
    }
    out.resize(have);
    return out;
}

// Of the record that `bytes` begin with; nullopt: there is no whole one.
std::optional<RecordPlace> decode_place(std::string_view bytes) {
    if (bytes.size() < head_bytes || !bytes.starts_with(record_magic))
        return std::nullopt;
    const auto length = get(bytes, 4, 4);
    if (bytes.size() - head_bytes < length ||
        get(bytes, crc_at, 4) !=
            checksum(bytes.substr(0, crc_at), bytes.substr(head_bytes, length)))
        return std::nullopt;
    return RecordPlace{get(bytes, 8, 8), get(bytes, 16, 8),
                       static_cast<std::uint32_t>(get(bytes, 24, 4)),
                       static_cast<std::uint32_t>(head_bytes + length), 0};
}

} // namespace

std::unexpected<SpoolError> spool_failure(const std::string& path, std::string_view step) {
    return std::unexpected(SpoolError{
        SpoolErrc::io, fmt::format("flow spool {}: {}: {}", path, step, std::strerror(errno))});
}

std::expected<void, SpoolError> sync_directory(const std::string& path) {
    const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || fsync(directory.get()) < 0)
        return spool_failure(path, "cannot be made durable");
    return {};
}

std::string encode_record(const v1::FlowBatch& batch) {
    const std::string payload = batch.SerializeAsString();
    std::string out(record_magic);
    put(out, payload.size(), 4);
    put(out, batch.first(), 8);
    put(out, batch.last(), 8);
    put(out, static_cast<std::uint64_t>(batch.summaries_size()), 4);
    put(out, checksum(out, payload), 4);
    return out + payload;
}

std::expected<Segment, SpoolError> Segment::open(const std::string& path) {
    Segment out;
    out.path_ = path;
    out.file_ = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    struct stat info{};
    if (!out.file_ || fstat(out.file_.get(), &info) < 0)
        return spool_failure(path, "cannot be opened");
    const auto bytes = read_at(out.file_.get(), static_cast<std::size_t>(info.st_size), 0);
    if (!bytes)
        return spool_failure(path, "cannot be read");
    while (auto place = decode_place(std::string_view(*bytes).substr(out.size_))) {
        place->offset = out.size_;
        out.size_ += place->length;
        out.records_.push_back(*place);
    }
    out.synced_ = false;
    if (out.size_ < bytes->size() && ftruncate(out.file_.get(), static_cast<off_t>(out.size_)) < 0)
        return spool_failure(path, "the torn end cannot be cut off");
    return out;
}

std::expected<void, SpoolError> Segment::append(const v1::FlowBatch& batch,
                                                std::string_view record) {
    synced_ = false;
    if (!write_at(file_.get(), record, size_)) {
        auto failed = spool_failure(path_, "cannot be written; make room on this disk");
        // A torn record would be cut off at the next start just as well.
        (void)!ftruncate(file_.get(), static_cast<off_t>(size_));
        return failed;
    }
    records_.push_back({batch.first(), batch.last(),
                        static_cast<std::uint32_t>(batch.summaries_size()),
                        static_cast<std::uint32_t>(record.size()), size_});
    size_ += record.size();
    return {};
}

std::expected<std::optional<v1::FlowBatch>, SpoolError>
Segment::read(const RecordPlace& place) const {
    const auto bytes = read_at(file_.get(), place.length, place.offset);
    if (!bytes)
        return spool_failure(path_, "cannot be read");
    v1::FlowBatch batch;
    if (!decode_place(*bytes) ||
        !batch.ParseFromArray(bytes->data() + head_bytes,
                              static_cast<int>(bytes->size() - head_bytes)))
        return std::nullopt;
    batch.set_first(place.first);
    batch.set_last(place.last);
    return batch;
}

std::expected<void, SpoolError> Segment::sync() {
    if (!synced_ && fdatasync(file_.get()) < 0)
        return spool_failure(path_, "cannot be made durable");
    synced_ = true;
    return {};
}

std::expected<Mark, SpoolError> Mark::open(const std::string& path, std::uint64_t stream) {
    Mark out;
    out.path_ = path;
    out.file_ = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    const auto bytes = out.file_ ? read_at(out.file_.get(), 2 * slot_bytes, 0) : std::nullopt;
    if (!bytes)
        return spool_failure(path, "cannot be opened");
    constexpr std::size_t length = mark_magic.size() + mark_numbers * 8;
    for (std::size_t slot = 0; (slot + 1) * slot_bytes <= bytes->size(); ++slot) {
        const auto it = std::string_view(*bytes).substr(slot * slot_bytes, slot_bytes);
        if (!it.starts_with(mark_magic) || get(it, length, 4) != checksum(it.substr(0, length)))
            continue;
        std::array<std::uint64_t, mark_numbers> n{};
        for (std::size_t i = 0; i < n.size(); ++i)
            n[i] = get(it, mark_magic.size() + i * 8, 8);
        if (n[0] > out.generation_) {
            out.generation_ = n[0];
            out.values_ = {n[1], n[2], n[3], n[4], n[5], n[6]};
        }
    }
    if (out.generation_)
        return out;
    out.values_.stream = stream;
    for (int slot = 0; slot < 2; ++slot) // both: later writes need no new block
        if (auto written = out.write(out.values_); !written)
            return std::unexpected(written.error());
    return out;
}

std::expected<void, SpoolError> Mark::write(const MarkValues& values) {
    std::string out(mark_magic);
    for (const auto number : {generation_ + 1, values.stream, values.acknowledged, values.next,
                              values.delivered, values.folded, values.lost})
        put(out, number, 8);
    put(out, checksum(out), 4);
    out.resize(slot_bytes, '\0');
    if (!write_at(file_.get(), out, (generation_ + 1) % 2 * slot_bytes) ||
        fdatasync(file_.get()) < 0)
        return spool_failure(path_, "cannot be written; make room on this disk");
    ++generation_;
    values_ = values;
    return {};
}

} // namespace ringwall::agent
