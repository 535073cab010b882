// Passwords: what is kept says nothing of them, and AWS's two forms of digests are understood.
#include "sql/passwords.h"

#include <gtest/gtest.h>

namespace tarn::sql {
namespace {

TEST(Passwords, SealedOnesFitTheirPasswordOnly) {
  const std::string sealed = sealed_password("Secret123");
  EXPECT_EQ(sealed.find("Secret"), std::string::npos);
  EXPECT_NE(sealed, sealed_password("Secret123"));  // salted
  EXPECT_TRUE(is_digest(sealed));
  EXPECT_TRUE(password_fits(sealed, "ann", "Secret123"));
  EXPECT_FALSE(password_fits(sealed, "ann", "Secret124"));
  EXPECT_FALSE(password_fits("", "ann", ""));
}

TEST(Passwords, DigestsOfCreateUser) {
  // md5 of the password and the user's name: printf ezbob | md5sum
  const std::string digest = "md5fb3f4a1abee34ee3a6c581db1ec88223";
  EXPECT_TRUE(is_digest(digest));
  EXPECT_TRUE(password_fits(digest, "bob", "ez"));
  EXPECT_FALSE(password_fits(digest, "ann", "ez"));
  EXPECT_FALSE(is_digest("md5short"));
  EXPECT_FALSE(is_digest("sha256|short"));
}

}  // namespace
}  // namespace tarn::sql
