#include "control/alerts/webhook_text.h"

#include <array>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/pki/digest.h"
#include "control/alerts/text.h"

namespace ringwall::alerts {
namespace {

constexpr std::size_t longest_value = 4096;

} // namespace

std::string webhook_body(const Alert& alert, const Origin& origin) {
    const auto& kind = info(alert.kind);
    boost::json::object fields;
    for (const auto& [name, value] : alert.fields)
        fields[printable(name, longest_value)] = printable(value, longest_value);
    return boost::json::serialize(
        boost::json::object{{"id", origin.id(alert)},
                            {"kind", kind.name},
                            {"severity", name(kind.severity)},
                            {"sentence", printable(alert.sentence, longest_value)},
                            {"fields", std::move(fields)},
                            {"count", alert.count},
                            {"first", rfc3339(alert.first_ns)},
                            {"last", rfc3339(alert.last_ns)},
                            {"host", printable(origin.host, longest_value)}});
}

std::string webhook_signature(std::string_view secret, std::string_view body) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(body.data()), body.size(), mac.data(), &size);
    return "sha256=" + pki::hex({reinterpret_cast<const char*>(mac.data()), size});
}

} // namespace ringwall::alerts
