#include "control/store/audit_log.h"
#include "control/store/backup.h"
#include "control/store/connection.h"
#include "control/store/database_file.h"
#include "control/store/objects.h"
#include "control/store/receipts.h"
#include "control/store/request.h"
#include "control/store/schema.h"
#include "control/store/store.h"
#include "control/store/versions.h"

namespace ringwall::store {
namespace {

class SqliteStore final : public Store {
  public:
    explicit SqliteStore(const Options& options)
        : options_(options), lock_(options.path), connection_(opened(options.path)) {}

    Result<Object> object(const ObjectId& id) const override {
        return guarded([&] {
            require_kind(id.kind);
            return Objects(connection_).get(id);
        });
    }

    Result<Page<Object>> objects(const std::string& kind, const PageRequest& page) const override {
        return guarded([&] {
            require_kind(kind);
            return Objects(connection_).list(kind, page);
        });
    }

    Result<Receipt> commit(const Change& change) override {
        return guarded([&] {
            check(change);
            for (const auto& edit : change.edits)
                require_kind(edit.id.kind);
            const auto texts = texts_of(change);
            return once(
                change.by, content_of(change, texts), [&] { return write(change, texts); }, json_of,
                receipt_of);
        });
    }

    Result<Receipt> preview(const Change& change) override {
        return guarded([&] {
            check(change);
            for (const auto& edit : change.edits)
                require_kind(edit.id.kind);
            const auto texts = texts_of(change);
            const Transaction undone_at_its_end(connection_, Transaction::Kind::writing);
            auto receipt = write(change, texts);
            for (auto& edit : receipt.edits)
                edit.revision = 0;
            return receipt;
        });
    }

    Result<std::optional<Receipt>> earlier(const Change& change) const override {
        return guarded([&] {
            check(change);
            return answered(change.by, content_of(change, texts_of(change)), receipt_of);
        });
    }

    Result<std::optional<Version>> earlier(const Provision& request) const override {
        return guarded([&] { return made(request); });
    }

    Result<std::optional<Version>> earlier(const Rollback& request) const override {
        return guarded([&] { return made(request); });
    }

    Result<Version> provision(const Provision& request) override {
        return guarded([&] { return make_version(request, &Versions::provision); });
    }

    Result<Version> rollback(const Rollback& request) override {
        return guarded([&] { return make_version(request, &Versions::rollback); });
    }

    Result<std::uint64_t> newest() const override {
        return guarded([&] { return versions_of().newest(); });
    }

    Result<Version> version(std::uint64_t number) const override {
        return guarded([&] { return versions_of().get(number); });
    }

    Result<Page<Version>> versions(const PageRequest& page) const override {
        return guarded([&] { return versions_of().list(page); });
    }

    Result<Page<Object>> contents(std::uint64_t version, const PageRequest& page) const override {
        return guarded([&] { return versions_of().contents(version, page); });
    }

    Result<std::vector<ObjectChange>> changes(std::uint64_t from, std::uint64_t to) const override {
        return guarded([&] { return versions_of().changes(from, to); });
    }

    Result<void> remember(const std::vector<Memory>& memories) override {
        return guarded([&] {
            Transaction transaction(connection_, Transaction::Kind::writing);
            for (const auto& memory : memories)
                keep(memory);
            transaction.commit();
        });
    }

    Result<std::vector<Memory>> memories(const std::string& kind) const override {
        return guarded([&] {
            std::vector<Memory> out;
            auto rows = connection_.query(
                "SELECT name, text FROM memory WHERE kind = ?1 ORDER BY name", kind);
            while (rows.step())
                out.push_back({kind, rows.text(0), rows.text(1)});
            return out;
        });
    }

    Result<Page<AuditRecord>> audit(const AuditFilter& filter,
                                    const PageRequest& page) const override {
        return guarded([&] { return AuditLog(connection_).list(filter, page); });
    }

    Result<AuditProof> verify() const override {
        return guarded([&] { return AuditLog(connection_).verify(); });
    }

    Result<void> backup(const std::string& file) const override {
        return guarded([&] { back_up(options_.path, file); });
    }

  private:
    static Connection opened(const std::string& path) {
        create_private(path);
        Connection connection(path, Access::write);
        check_integrity(connection, Depth::quick);
        migrate(connection);
        use_wal(connection);
        return connection;
    }

    static void use_wal(Connection& connection) {
        auto mode = connection.query("PRAGMA journal_mode=WAL");
        mode.step();
        if (mode.text(0) != "wal")
            fail(Errc::io, connection.path() + ": this file system has no shared memory for "
                                               "SQLite's WAL; keep the database on a local one");
    }

    Versions versions_of() const { return {connection_, options_.provisioned}; }

    void require_kind(const std::string& kind) const {
        check_kind(kind, options_.immediate, options_.provisioned);
    }

    void keep(const Memory& memory) {
        if (memory.kind.empty() || memory.name.empty())
            fail(Errc::invalid, "what is to be remembered needs a kind and a name");
        if (memory.text)
            connection_.run("INSERT INTO memory VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET "
                            "text = excluded.text",
                            memory.kind, memory.name, *memory.text);
        else
            connection_.run("DELETE FROM memory WHERE kind = ?1 AND name = ?2", memory.kind,
                            memory.name);
    }

    Receipt write(const Change& change, const std::vector<std::optional<std::string>>& texts) {
        Objects objects(connection_);
        Receipt receipt;
        for (std::size_t i = 0; i < texts.size(); ++i)
            receipt.edits.push_back(objects.apply(change.by, change.edits[i], texts[i]));
        return receipt;
    }

    template <typename Request>
    Version make_version(const Request& request, Version (Versions::*make)(const Request&)) {
        check(request.by);
        auto versions = versions_of();
        return once(
            request.by, content_of(request), [&] { return (versions.*make)(request); },
            [](const Version& version) { return boost::json::value(version.number); },
            [&](const boost::json::value& number) {
                return versions.get(number.to_number<std::uint64_t>());
            });
    }

    template <typename FromJson>
    using AnswerOf = std::optional<std::invoke_result_t<FromJson, const boost::json::value&>>;

    template <typename FromJson>
    AnswerOf<FromJson> answered(const Author& by, const std::string& content,
                                FromJson from_json) const {
        const auto earlier = Receipts(connection_).find(by, content);
        return earlier ? AnswerOf<FromJson>(from_json(*earlier)) : std::nullopt;
    }

    template <typename Request>
    std::optional<Version> made(const Request& request) const {
        check(request.by);
        return answered(request.by, content_of(request), [&](const boost::json::value& number) {
            return versions_of().get(number.to_number<std::uint64_t>());
        });
    }

    // One transaction around `work`, unless the request was answered before.
    template <typename Work, typename ToJson, typename FromJson>
    std::invoke_result_t<Work> once(const Author& by, const std::string& content, Work work,
                                    ToJson to_json, FromJson from_json) {
        Transaction transaction(connection_, Transaction::Kind::writing);
        Receipts receipts(connection_);
        if (const auto earlier = receipts.find(by, content))
            return from_json(*earlier);
        const auto answer = work();
        receipts.keep(by, content, to_json(answer));
        transaction.commit();
        return answer;
    }

    Options options_;
    FileLock lock_;
    mutable Connection connection_;
};

} // namespace

Result<std::unique_ptr<Store>> open_sqlite(const Options& options) {
    return guarded(
        [&]() -> std::unique_ptr<Store> { return std::make_unique<SqliteStore>(options); });
}

} // namespace ringwall::store
