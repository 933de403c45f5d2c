// How alerts are written: RFC 5424 and JSON, also when names are made to break them.
#include <algorithm>
#include <optional>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "control/alerts/syslog_text.h"
#include "control/alerts/text.h"
#include "control/alerts/webhook_text.h"

namespace ringwall::alerts {
namespace {

// Reads one message by the grammar of RFC 5424, section 6, and nothing beside it.
class Reader {
  public:
    explicit Reader(std::string text) : text_(std::move(text)) {}

    bool read() {
        return take('<') && number(pri, 3) && take('>') && take('1') && take(' ') &&
               field(time, 32) && field(host, 255) && field(program, 48) && field(process, 128) &&
               field(id, 32) && element() && take(' ') && byte_order_mark();
    }
    unsigned pri = 0;
    std::string time, host, program, process, id, element_id, message;
    Fields params; // unescaped

  private:
    bool take(char c) {
        const bool good = rest_.starts_with(c);
        rest_.remove_prefix(good ? 1 : 0);
        return good;
    }
    std::string run(auto accepts, std::size_t most) {
        std::string out;
        while (!rest_.empty() && out.size() < most && accepts(rest_.front())) {
            out += rest_.front();
            rest_.remove_prefix(1);
        }
        return out;
    }
    static bool printable_ascii(char c) { return c > ' ' && c < 0x7f; }
    static bool in_name(char c) { return printable_ascii(c) && c != '=' && c != ']' && c != '"'; }

    bool number(unsigned& out, std::size_t digits) {
        const auto text = run([](char c) { return c >= '0' && c <= '9'; }, digits);
        out = text.empty() ? 0 : static_cast<unsigned>(std::stoul(text));
        return !text.empty() && (text == "0" || text[0] != '0') && out <= 191;
    }
    bool field(std::string& out, std::size_t most) {
        out = run(printable_ascii, most);
        return !out.empty() && take(' ');
    }
    bool element() {
        if (!take('['))
            return false;
        element_id = run(in_name, 32);
        while (take(' ')) {
            const auto name = run(in_name, 32);
            std::string value;
            if (name.empty() || !take('=') || !take('"') || !this->value(value))
                return false;
            params[name] = value;
        }
        return !element_id.empty() && take(']');
    }
    bool value(std::string& out) {
        while (!rest_.empty() && rest_.front() != '"') {
            if (rest_.front() == ']')
                return false; // must be escaped
            if (take('\\') && (rest_.empty() || !std::string_view("\"\\]").contains(rest_.front())))
                return false;
            out += rest_.front();
            rest_.remove_prefix(1);
        }
        return take('"');
    }
    bool byte_order_mark() {
        if (!rest_.starts_with("\xef\xbb\xbf"))
            return false;
        message = rest_.substr(3);
        return true;
    }
    std::string text_;
    std::string_view rest_ = text_;
};

const Origin origin{
    .host = "controller-1", .program = "ringwall-controller", .pid = 4711, .run = "5ad09f"};

Alert blocked(const std::string& process = "/usr/bin/curl") {
    return {.number = 17,
            .kind = Kind::blocked,
            .sentence = process + " on web-1 may not reach db-1 tcp 5432",
            .fields = {{"process", process}, {"source", "web-1"}},
            .count = 3,
            .first_ns = 1'790'000'000'000'000'000,
            .last_ns = 1'790'000'030'123'456'789};
}

void expect_one_line(const std::string& text) {
    EXPECT_TRUE(std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
        << text;
}

TEST(SyslogText, FollowsTheGrammar) {
    const auto text = syslog_message(blocked(), origin, 20);
    Reader reader(text);
    ASSERT_TRUE(reader.read()) << text;
    EXPECT_EQ(reader.pri, 20U * 8 + 4);
    EXPECT_EQ(reader.time, "2026-09-21T14:13:50.123456Z");
    EXPECT_EQ(reader.host, "controller-1");
    EXPECT_EQ(reader.program, "ringwall-controller");
    EXPECT_EQ(reader.process, "4711");
    EXPECT_EQ(reader.id, "blocked");
    EXPECT_EQ(reader.element_id, "ringwall@32473");
    EXPECT_EQ(reader.params, (Fields{{"id", "5ad09f-17"},
                                     {"kind", "blocked"},
                                     {"count", "3"},
                                     {"first", "2026-09-21T14:13:20.000000Z"},
                                     {"last", "2026-09-21T14:13:50.123456Z"},
                                     {"process", "/usr/bin/curl"},
                                     {"source", "web-1"}}));
    EXPECT_EQ(reader.message, "/usr/bin/curl on web-1 may not reach db-1 tcp 5432");
}

TEST(SyslogText, EveryKindHasItsNumber) {
    for (const auto& kind : kinds()) {
        auto alert = blocked();
        alert.kind = kind.kind;
        Reader reader(syslog_message(alert, origin, 0));
        ASSERT_TRUE(reader.read()) << kind.name;
        EXPECT_EQ(reader.pri, static_cast<unsigned>(kind.severity));
        EXPECT_EQ(reader.id, kind.name);
    }
    EXPECT_EQ(static_cast<int>(info(Kind::tamper).severity), 2);
}

TEST(SyslogText, AHostileNameStaysInsideItsValue) {
    const auto forged = std::string("x\"] \n<34>1 - - - - - - forged\r\0\x1b[31m\\", 37);
    const auto text = syslog_message(blocked(forged), origin, 4);
    expect_one_line(text);
    Reader reader(text);
    ASSERT_TRUE(reader.read()) << text;
    EXPECT_EQ(reader.params["process"],
              "x\"] \\u000a<34>1 - - - - - - forged\\u000d\\u0000\\u001b[31m\\");
    EXPECT_EQ(reader.params["source"], "web-1");
}

TEST(SyslogText, HeaderAndNamesTakeOnlyPrintableAscii) {
    auto alert = blocked();
    alert.fields = {{"a=b]\"\n c\xc3\xa9", "v"}, {"", "w"}, {std::string(100, 'n'), "z"}};
    Reader reader(syslog_message(alert, {.host = "h\xc3\xb6st 1\n", .program = ""}, 1));
    ASSERT_TRUE(reader.read());
    EXPECT_EQ(reader.host, "h??st?1?");
    EXPECT_EQ(reader.program, "-");
    EXPECT_EQ(reader.params["-"], "w");
    EXPECT_EQ(reader.params[std::string(32, 'n')], "z");
    EXPECT_EQ(reader.params["a?b????c??"], "v");
}

TEST(SyslogText, StaysWithinWhatCollectorsTake) {
    auto alert = blocked(std::string(5000, '"'));
    alert.sentence = std::string(9000, 's');
    for (int i = 0; i < 200; ++i)
        alert.fields["field" + std::to_string(i)] = std::string(3000, ']');
    const auto text = syslog_message(alert, origin, 23);
    EXPECT_LE(text.size(), longest_syslog);
    Reader reader(text);
    ASSERT_TRUE(reader.read());
    EXPECT_EQ(reader.params["truncated"], "yes");
    EXPECT_TRUE(reader.message.ends_with("..."));
}

TEST(SyslogText, AFrameBeginsWithTheLengthInBytes) {
    EXPECT_EQ(framed("h\xc3\xa9"), "3 h\xc3\xa9");
}

TEST(Printable, KeepsTextAndShowsWhatWouldBeHidden) {
    EXPECT_EQ(printable("Grüße, 世界 🙂", 100), "Grüße, 世界 🙂");
    EXPECT_EQ(printable("a\xe2\x80\xae"
                        "b\xe2\x80\xa8"
                        "c\xc2\x85",
                        100),
              "a\\u202eb\\u2028c\\u0085");
    EXPECT_EQ(printable("\xff\xc0\xaf\xed\xa0\x80\xe2\x82", 100),
              "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
              "\xef\xbf\xbd");
}

TEST(Printable, CutsBetweenCharacters) {
    EXPECT_EQ(printable("1234567890", 10), "1234567890");
    EXPECT_EQ(printable("12345678901", 10), "1234567...");
    EXPECT_EQ(printable("123456\xc3\xa9"
                        "8901",
                        10),
              "123456...");
    EXPECT_EQ(printable("1234\n5678", 10), "1234...");
}

TEST(WebhookText, IsTheAlertAsJson) {
    const auto forged = std::string("a\"\n\xff", 4);
    const auto body = boost::json::parse(webhook_body(blocked(forged), origin)).as_object();
    EXPECT_EQ(body.at("id"), "5ad09f-17");
    EXPECT_EQ(body.at("kind"), "blocked");
    EXPECT_EQ(body.at("severity"), "warning");
    EXPECT_EQ(body.at("count"), 3);
    EXPECT_EQ(body.at("first"), "2026-09-21T14:13:20.000000Z");
    EXPECT_EQ(body.at("last"), "2026-09-21T14:13:50.123456Z");
    EXPECT_EQ(body.at("host"), "controller-1");
    EXPECT_EQ(body.at("fields").at("process"), "a\"\\u000a\xef\xbf\xbd");
    EXPECT_EQ(body.at("fields").at("source"), "web-1");
}

TEST(WebhookText, IsSignedAsRfc4231Says) {
    EXPECT_EQ(webhook_signature("Jefe", "what do ya want for nothing?"), // its test case 2
              "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

} // namespace
} // namespace ringwall::alerts
