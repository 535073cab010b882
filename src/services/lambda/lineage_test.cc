// Why: a chain that is miscounted either runs for ever or stops work that was meant.
#include "services/lambda/lineage.h"

#include <gtest/gtest.h>

namespace tarn::lambda {
namespace {

const Time kNow = Time::of_seconds(0x5759e988);

TEST(Lineage, a_function_is_counted_whatever_is_called_in_between) {
  std::string trace;
  for (int n = 1; n <= 20; ++n) {
    const ChainedCall one = chained_call(trace, "arn:one", kNow), two = chained_call(one.trace, "arn:two", kNow);
    EXPECT_EQ(one.calls, n);
    EXPECT_EQ(two.calls, n);
    trace = two.trace;
  }
  EXPECT_EQ(chained_call(trace, "arn:three", kNow).calls, 1);
}

TEST(Lineage, the_root_stays_and_what_is_no_lineage_counts_nothing) {
  const ChainedCall first =
      chained_call("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", "f", kNow);
  EXPECT_TRUE(first.trace.starts_with("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=")) << first.trace;
  EXPECT_NE(first.trace.find(";Sampled=1;Lineage="), std::string::npos) << first.trace;
  EXPECT_TRUE(chained_call("", "f", kNow).trace.starts_with("Root=1-5759e988-"));
  for (const char* odd : {"Lineage=", "Lineage=|||", "Lineage=x:-3", "Lineage=x:9999999999999999999", "=;=", ";;;"})
    EXPECT_EQ(chained_call(odd, "f", kNow).calls, 1) << odd;
}

TEST(Lineage, a_long_chain_stays_short) {
  std::string trace;
  for (int n = 0; n < 1000; ++n) trace = chained_call(trace, "arn:" + std::to_string(n), kNow).trace;
  EXPECT_LT(trace.size(), 600u);
  for (int n = 0; n < 1000; ++n) trace = chained_call(trace, "f", kNow).trace;
  EXPECT_EQ(chained_call(trace, "f", kNow).calls, 255);
}

}  // namespace
}  // namespace tarn::lambda
