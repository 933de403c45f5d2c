#include <gtest/gtest.h>

#include <cstdlib>

namespace ringwall::test {
int act_as_program();
}

int main(int argc, char** argv) {
    if (std::getenv("RW_TEST_SEND_ONE") || std::getenv("RW_TEST_EXEC_CHAIN"))
        return ringwall::test::act_as_program();
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
