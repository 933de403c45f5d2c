// What keeps a controller running: /backup, /openapi.json, /healthz, /readyz, /metrics.
#include <cstdio>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "common/pki/digest.h"
#include "control/api/endpoint.h"
#include "control/api/metrics.h"
#include "control/api/openapi.h"

namespace ringwall::api {
namespace {

Result<void> no_parameters(Call& call) {
    call.params.allow({});
    return call.params.check();
}

http::Response plain(std::string type, std::string body) {
    http::Response out;
    out.headers = {{"Content-Type", std::move(type)}};
    out.body = std::move(body);
    return out;
}

// ---- /backup

struct Copy {
    std::string file;
    store::Result<void> made;
    std::string bytes;
};

void make(const store::Store& store, Copy& copy) {
    copy.made = store.backup(copy.file);
    if (copy.made) {
        std::ifstream in(copy.file, std::ios::binary);
        copy.bytes.assign(std::istreambuf_iterator<char>(in), {});
        if (!in || copy.bytes.empty())
            copy.made = std::unexpected(
                store::Error{store::Errc::io, "the backup cannot be read again: " + copy.file});
    }
    std::remove(copy.file.c_str());
}

Answer backup(Context& context, Call& call) {
    if (auto good = no_parameters(call); !good)
        return std::unexpected(good.error());
    if (auto whole = everywhere(call.who, "a backup"); !whole)
        return std::unexpected(whole.error());
    if (*context.backing_up)
        return std::unexpected(
            Problem{503, "unavailable", "a backup is being made already; come again later"});
    constexpr std::size_t name_bytes = 8;
    auto copy = std::make_shared<Copy>();
    copy->file = fmt::format("{}/backup-{}", context.options.temp_dir,
                             pki::hex(pki::random_bytes(name_bytes)));
    *context.backing_up = true;
    context.options.aside([copy, &store = context.controller.store()] { make(store, *copy); },
                          [copy, reply = call.reply, busy = context.backing_up] {
                              *busy = false;
                              if (!copy->made)
                                  return reply(response(from(copy->made.error())));
                              auto out = plain("application/octet-stream", std::move(copy->bytes));
                              out.headers.emplace_back(
                                  "Content-Disposition",
                                  "attachment; filename=\"ringwall-policy.db\"");
                              reply(std::move(out));
                          });
    return std::nullopt;
}

Answer openapi(Context&, Call& call) {
    if (auto good = no_parameters(call); !good)
        return std::unexpected(good.error());
    return plain("application/json", openapi_text());
}

Answer healthz(Context&, Call&) {
    return ok({{"status", "ok"}});
}

Answer readyz(Context& context, Call&) {
    const auto why_not = context.options.unready ? context.options.unready() : std::string();
    if (!why_not.empty())
        return std::unexpected(Problem{503, "unavailable", why_not});
    return ok({{"status", "ok"}});
}

Answer metrics(Context& context, Call& call) {
    if (auto good = no_parameters(call); !good)
        return std::unexpected(good.error());
    return plain("text/plain; version=0.0.4; charset=utf-8", metrics_text(context));
}

} // namespace

std::vector<Endpoint> controller_endpoints() {
    constexpr auto none = Credential::none;
    return {
        {"GET", "/api/v1/backup", Credential::token, Right::administer, backup},
        {"GET", "/api/v1/openapi.json", none, Right::read, openapi},
        {"GET", "/healthz", none, Right::read, healthz},
        {"GET", "/readyz", none, Right::read, readyz},
        {"GET", "/metrics", Credential::token, Right::read, metrics},
    };
}

} // namespace ringwall::api
