// Frames on a stream that is cut anywhere; deltas that end in the very bytes of their target.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "control/proto/delta.h"
#include "control/proto/frame.h"
#include "tests/unit/session_words.h"

namespace ringwall::wire {
namespace {

using session_test::Dice;
using session_test::mutate;

std::string encoded(std::string_view payload) {
    return encode_frame(payload).value();
}

RC_GTEST_PROP(Frame, ArrivesWholeHoweverTheStreamIsCut,
              (const std::vector<std::string>& payloads)) {
    std::string stream;
    for (const auto& payload : payloads)
        stream += encoded(payload);
    FrameDecoder decoder;
    std::vector<std::string> arrived;
    for (std::size_t at = 0; at < stream.size();) {
        const auto size = *rc::gen::inRange<std::size_t>(1, 20);
        decoder.feed(std::string_view(stream).substr(at, size));
        at += size;
        while (auto payload = decoder.next().value())
            arrived.push_back(*payload);
    }
    RC_ASSERT(arrived == payloads);
    RC_ASSERT(decoder.pending() == 0U);
}

TEST(Frame, ALengthThatIsOnlyAnnouncedCostsNothing) {
    FrameDecoder decoder;
    decoder.feed(std::string("RW\x01\0\0\xff\xff\xff", 8)); // just under 16 MiB
    EXPECT_FALSE(decoder.next().value());
    EXPECT_EQ(decoder.pending(), 8U);
}

TEST(Frame, OverTheLimitIsRefusedByItsHeadAlone) {
    FrameDecoder decoder(100);
    decoder.feed(encoded(std::string(101, 'x')).substr(0, frame_head_bytes));
    const auto refused = decoder.next();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, FrameErrc::too_large);
    EXPECT_NE(refused.error().message.find("101"), std::string::npos);
}

TEST(Frame, ExactlyTheLimitPasses) {
    const std::string payload(max_payload_bytes, 'x');
    FrameDecoder decoder;
    decoder.feed(encoded(payload));
    EXPECT_EQ(decoder.next().value(), payload);
    EXPECT_EQ(encode_frame(payload + "x").error().code, FrameErrc::too_large);
}

TEST(Frame, AWebBrowserIsToldByItsFirstByte) {
    FrameDecoder decoder;
    decoder.feed("G");
    EXPECT_EQ(decoder.next().error().code, FrameErrc::foreign);
    decoder.feed(encoded("fine")); // too late: nobody knows where a frame begins
    EXPECT_EQ(decoder.next().error().code, FrameErrc::foreign);
    EXPECT_EQ(decoder.pending(), 0U);
}

TEST(Frame, AnotherVersionOfTheFrameIsNamed) {
    FrameDecoder decoder;
    decoder.feed("RW\x02");
    const auto refused = decoder.next();
    EXPECT_EQ(refused.error().code, FrameErrc::unknown_version);
    EXPECT_NE(refused.error().message.find("version 2"), std::string::npos);
}

TEST(Frame, FlagsOfANewerPeerAreIgnored) {
    auto bytes = encoded("payload");
    bytes[3] = '\x7f';
    FrameDecoder decoder;
    decoder.feed(bytes);
    EXPECT_EQ(decoder.next().value(), "payload");
}

TEST(Payload, ThatIsNoMessageIsRefused) {
    v1::ToAgent message;
    EXPECT_EQ(parse_payload("\xff\xff\xff", message).error().code, FrameErrc::malformed);
}

template <typename Half>
void expect_delta(const Half& from, const Half& to) {
    const auto delta = diff(from, to);
    auto carried = delta; // as it comes off the wire
    ASSERT_TRUE(carried.ParseFromString(delta.SerializeAsString()));
    const auto result = apply(carried, from, holding(from));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(canonical(result->half), canonical(to));
    EXPECT_EQ(result->content, canonical(to));
}

template <typename Half>
void expect_deltas_of_random_changes() {
    for (std::uint64_t seed = 1; seed <= 15; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(seed);
        Half from, to;
        for (int i = 0; i < 40; ++i) {
            for (auto changes = dice.below(8); changes > 0; --changes)
                mutate(to, dice);
            expect_delta(from, to);
            expect_delta(to, from);
            from = to;
        }
    }
}

TEST(Delta, OfPoliciesEndsInTheBytesOfItsTarget) {
    expect_deltas_of_random_changes<v1::Policy>();
}

TEST(Delta, OfInventoriesEndsInTheBytesOfItsTarget) {
    expect_deltas_of_random_changes<v1::Inventory>();
}

TEST(Delta, OfOneRuleAmongThousandsCarriesOneRule) {
    std::vector<std::string> ids;
    for (int i = 0; i < 5000; ++i)
        ids.push_back("set/rule-" + std::to_string(i));
    const auto from = session_test::policy(1, ids);
    auto to = from;
    to.set_version(2);
    to.mutable_subjects(0)->mutable_rules(2500)->set_action(v1::DENY);
    const auto delta = diff(from, to);
    EXPECT_LT(delta.ByteSizeLong(), 300U);
    expect_delta(from, to);
}

TEST(Delta, OfSomethingElseThanWhatIsHeldIsRefused) {
    const auto one = session_test::policy(1, {"a/b"}), two = session_test::policy(2, {"a/c"});
    auto other = session_test::policy(1, {"x/y"}); // same version, other content
    const auto refused = apply(diff(one, two), other, holding(other));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, DeltaErrc::base_mismatch);
    EXPECT_NE(refused.error().message.find("other content"), std::string::npos);
}

TEST(Delta, ThatWasChangedOnTheWayIsDrift) {
    const auto one = session_test::policy(1, {"a/b"}),
               two = session_test::policy(2, {"a/b", "a/c"});
    auto delta = diff(one, two);
    delta.mutable_new_subjects(0)->mutable_new_rules(0)->set_id("a/evil");
    EXPECT_EQ(apply(delta, one, holding(one)).error().code, DeltaErrc::drift);
}

TEST(Delta, WithImpossiblePlacesIsMalformed) {
    const auto one = session_test::inventory(1, 3), two = session_test::inventory(2, 5);
    auto beyond = diff(one, two), falling = diff(one, two), few = diff(one, two);
    beyond.mutable_identities()->set_at(1, 4'000'000'000);
    falling.mutable_identities()->set_at(1, 0);
    few.mutable_identities()->mutable_at()->RemoveLast();
    for (const auto& delta : {beyond, falling, few})
        EXPECT_EQ(apply(delta, one, holding(one)).error().code, DeltaErrc::malformed);
}

TEST(Delta, KeepsWhatANewerControllerAdded) {
    const auto one = session_test::policy(1, {"a/b"});
    auto two = session_test::policy(2, {"a/b", "a/c"});
    two.GetReflection()->MutableUnknownFields(&two)->AddVarint(90, 7);
    auto& subject = *two.mutable_subjects(0);
    subject.GetReflection()->MutableUnknownFields(&subject)->AddLengthDelimited(91, "new");
    expect_delta(one, two);
}

} // namespace
} // namespace ringwall::wire
