// A small real controller on loopback: TLS 1.3 by common/pki, the session by fleet::Session,
// pairing over HTTP. And a host that only remembers what it was told to enforce. All on one event
// loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "agent/link.h"
#include "control/fleet/session.h"
#include "control/pki/authority.h"
#include "tests/unit/scratch.h"

namespace ringwall::agent::link_test {

// Runs the loop until `holds`; false: not within ten seconds.
bool until(boost::asio::io_context& loop, const std::function<bool()>& holds);

// Subject app-uk-1 is identity 1; its one rule allows `peers` in.
v1::Policy policy(std::uint64_t version, const std::vector<std::uint32_t>& peers = {1});
v1::Inventory inventory(std::uint64_t revision, std::uint32_t identities = 1);

// The authority and the signing key of one controller.
class Keys {
  public:
    Keys();
    Credentials credentials(const std::string& agent, std::uint16_t port,
                            std::int64_t issued_ago = 0) const;
    pki::TlsSetup controller() const;
    v1::SignedPolicy sign(const v1::Policy& policy) const;
    fleet::ReleaseRef release(const v1::Policy& policy) const;
    fleet::ReleaseRef release(const v1::Inventory& inventory) const;

    pki::Authority authority;
    pki::PrivateKey signer;

  private:
    pki::PrivateKey key_;
    std::string chain_;
};

const Keys& keys(); // the same for all tests: they take a moment to make

// The controller's end of the session with app-uk-1.
class Controller {
  public:
    explicit Controller(boost::asio::io_context& loop, const Keys& keys);
    ~Controller();
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;
    Controller(Controller&&) = delete;
    Controller& operator=(Controller&&) = delete;

    void start(std::uint16_t port = 0); // listens on 127.0.0.1
    void stop();                        // killed: connections break; the session is remembered
    std::uint16_t port() const;

    void offer(const v1::Policy& policy, std::chrono::seconds confirm_within = {});
    void offer(const v1::Inventory& inventory);
    void tell(const fleet::Input& input);
    fleet::Session& session();

    struct Seen {
        std::vector<v1::Holding> policies, inventories; // acknowledged
        std::vector<v1::Nack> nacks;
        std::vector<v1::FlowSummary> flows;
        std::vector<v1::HostReport> reports;
        std::vector<v1::CommandResult> results;
        std::vector<v1::RolledBack> rolled_back;
        std::vector<std::uint64_t> trust; // of each Hello
        std::uint64_t lost = 0;
        std::vector<std::string> refused; // clients, by TLS
    };
    const Seen& seen() const;

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

// Answers HTTP requests over TLS with what `answer` makes of path and body: status and JSON.
class Website {
  public:
    using Answer = std::function<std::pair<unsigned, std::string>(std::string_view path,
                                                                  const std::string& body)>;
    // On a thread of its own until it dies.
    Website(const pki::TlsSetup& tls, Answer answer);
    ~Website();
    Website(const Website&) = delete;
    Website& operator=(const Website&) = delete;
    Website(Website&&) = delete;
    Website& operator=(Website&&) = delete;
    std::uint16_t port() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

// What was enforced, and commands that were run.
class RecordingHost : public LinkHost {
  public:
    std::expected<void, std::string> enforce(const v1::Snapshot& snapshot) override {
        if (!refuses.empty())
            return std::unexpected(refuses);
        enforced.push_back(snapshot);
        return {};
    }
    void enforce_nothing() override { enforced.emplace_back(); }
    v1::CommandResult run(const v1::Command& command, std::function<void()>& afterwards) override {
        commands.push_back(command);
        if (command.has_detach())
            afterwards = [this] { detached = true; };
        v1::CommandResult result;
        result.set_ok(true);
        result.set_sentence("done");
        return result;
    }
    std::uint64_t version() const {
        return enforced.empty() ? 0 : enforced.back().policy().version();
    }

    std::string refuses; // not empty: why nothing can be enforced
    std::vector<v1::Snapshot> enforced;
    std::vector<v1::Command> commands;
    bool detached = false;
};

} // namespace ringwall::agent::link_test
