// Why: SDKs compare these digests with their own and refuse the answer where they differ; and a receipt must be known.
#include "services/sqs/message_check.h"

#include <gtest/gtest.h>

namespace tarn::sqs {
namespace {

TEST(MessageCheckTest, DigestOfAttributes) {
  // Computed with botocore's own rule over the same bytes, in Python's hashlib.
  EXPECT_EQ(md5_of_attributes({{"a", {"String", "x"}}, {"b", {"Binary", "\1\2"}}}), "3e9b4c785db2deb306cf4009ae214dab");
}

TEST(MessageCheckTest, Bodies) {
  EXPECT_EQ(check_body("").error().code, "MissingParameter");
  EXPECT_TRUE(check_body("tab\t, line\n, \r, \xc3\xa4, \xe2\x82\xac, \xf0\x9f\x98\x80"));
  EXPECT_EQ(check_body("nul\1").error().code, "InvalidMessageContents");
  EXPECT_EQ(check_body("\xef\xbf\xbe").error().code, "InvalidMessageContents");
}

TEST(MessageCheckTest, Receipts) {
  const std::string handle = receipt_handle({1, 2, 3});
  const auto read = read_receipt_handle(handle);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->queue_id, 1u);
  EXPECT_EQ(read->number, 2u);
  EXPECT_EQ(read->receipt, 3u);
  EXPECT_FALSE(read_receipt_handle("nonsense"));
  EXPECT_FALSE(read_receipt_handle(handle.substr(4)));
}

}  // namespace
}  // namespace tarn::sqs
