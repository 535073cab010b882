// Why: a form comes from anyone's browser; what is cut or strange must be refused, and a file's bytes kept as they are.
#include "http/form.h"

#include <gtest/gtest.h>

namespace tarn::http {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=xx";

TEST(Form, FieldsAndFiles) {
  const std::string body =
      "--xx\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na/${filename}\r\n"
      "--xx\r\ncontent-disposition: form-data; filename=\"a \\\"b\\\";c.txt\"; name=file\r\nContent-Type: "
      "text/plain\r\n\r\n"
      "one\r\n--x\r\n\r\ntwo\r\n--xx--\r\n";
  const auto fields = parse_form(kType, body);
  ASSERT_TRUE(fields) << fields.error().message;
  ASSERT_EQ(fields->size(), 2u);
  EXPECT_EQ((*fields)[0].name, "key");
  EXPECT_EQ((*fields)[0].value, "a/${filename}");
  EXPECT_EQ((*fields)[1].name, "file");
  EXPECT_EQ((*fields)[1].file_name, "a \"b\";c.txt");
  EXPECT_EQ((*fields)[1].content_type, "text/plain");
  EXPECT_EQ((*fields)[1].value, "one\r\n--x\r\n\r\ntwo");
}

TEST(Form, EmptyValues) {
  const auto fields = parse_form(kType, "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--xx--");
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->front().value, "");
}

TEST(Form, Malformed) {
  for (const char* body : {"", "x", "--xx", "--xx\r\n", "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv",
                           "--xx\r\n\r\nv\r\n--xx--", "--xx\r\nContent-Disposition: form-data\r\n\r\nv\r\n--xx--",
                           "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--xxjunk"})
    EXPECT_FALSE(parse_form(kType, body)) << body;
  EXPECT_FALSE(parse_form("multipart/form-data", "--xx--"));
}

}  // namespace
}  // namespace tarn::http
