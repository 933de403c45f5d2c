// Times of documents.
#include "common/time.h"

#include <gtest/gtest.h>

namespace ringwall {
namespace {

TEST(Time, ReadsWhatItWritesAndOffsets) {
    EXPECT_EQ(rfc3339(1'795'760'610'123'456'789), "2026-11-27T06:23:30.123Z");
    EXPECT_EQ(parse_rfc3339("2026-11-27T06:23:30.123Z"), 1'795'760'610);
    EXPECT_EQ(parse_rfc3339("2026-11-27T07:23:30+01:00"), 1'795'760'610);
    EXPECT_EQ(parse_rfc3339("2026-11-26T22:53:30-07:30"), 1'795'760'610);
    EXPECT_EQ(parse_rfc3339("2028-02-29T00:00:00Z"), 1'835'395'200);
}

TEST(Time, RefusesWhatIsNoTime) {
    for (const char* text :
         {"", "2026", "2026-11-27", "2026-11-27 06:23:30Z", "2026-13-01T00:00:00Z",
          "2027-02-29T00:00:00Z", "2026-11-27T24:00:00Z", "2026-11-27T06:23:30",
          "2026-11-27T06:23:30.Z", "2026-11-27T06:23:30Zx", "2026-11-27T06:2a:30Z",
          "+026-11-27T06:23:30Z"})
        EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
}

} // namespace
} // namespace ringwall
