// Who may do what: owners, direct rights, groups, roles of roles, PUBLIC, columns, grant options.
#include "sql/rights.h"

#include <gtest/gtest.h>

namespace tarn::sql {
namespace {

const Object kTable{"TABLE", "s", "t"};

Rights rights() {
  Rights all;
  all.owners.push_back({kTable, "ann"});
  all.rights = {{kTable, "", "user", "bob", "SELECT", true, "ann"},   {kTable, "", "group", "readers", "SELECT", false, "ann"},
                {kTable, "", "role", "writer", "INSERT", false, "ann"}, {kTable, "a", "user", "cat", "SELECT", false, "ann"},
                {kTable, "", "public", "", "REFERENCES", false, "ann"}};
  return all;
}

TEST(Rights, May) {
  struct Case {
    Identity who;
    std::string_view privilege;
    bool may, grantable;
  };
  const Case cases[] = {
      {{"ann", false, {}, {}}, "DROP", true, true},          // the owner
      {{"root", true, {}, {}}, "DROP", true, true},          // a superuser
      {{"bob", false, {}, {}}, "SELECT", true, true},        // WITH GRANT OPTION
      {{"bob", false, {}, {}}, "INSERT", false, false},      {{"dan", false, {}, {}}, "SELECT", false, false},
      {{"dan", false, {"readers"}, {}}, "SELECT", true, false}, {{"dan", false, {}, {"readers"}}, "SELECT", false, false},
      {{"dan", false, {}, {"writer"}}, "INSERT", true, false}, {{"dan", false, {}, {}}, "REFERENCES", true, false},
      {{"cat", false, {}, {}}, "SELECT", false, false},      // a column only
  };
  for (const Case& c : cases) {
    EXPECT_EQ(rights().may(c.who, kTable, c.privilege), c.may) << c.who.user << " " << c.privilege;
    EXPECT_EQ(rights().may(c.who, kTable, c.privilege, true), c.grantable) << c.who.user << " " << c.privilege;
  }
  EXPECT_FALSE(rights().may({"bob", false, {}, {}}, {"TABLE", "other", "t"}, "SELECT"));
  EXPECT_FALSE(rights().may({"bob", false, {}, {}}, {"SCHEMA", "s", "t"}, "SELECT"));
}

TEST(Rights, Columns) {
  const Identity cat{"cat", false, {}, {}};
  EXPECT_TRUE(rights().may_column(cat, kTable, "a", "SELECT"));
  EXPECT_FALSE(rights().may_column(cat, kTable, "b", "SELECT"));
  EXPECT_TRUE(rights().may_some_column(cat, kTable, "SELECT"));
  EXPECT_FALSE(rights().may_some_column(cat, kTable, "UPDATE"));
  EXPECT_TRUE(rights().may_column({"bob", false, {}, {}}, kTable, "b", "SELECT"));  // the whole table
}

TEST(Rights, IdentitiesHaveRolesOfRoles) {
  UserCatalog catalog;
  catalog.users = {{.name = "bob"}, {.name = "eve", .superuser = true}};
  catalog.groups = {{"readers", 1, {"bob"}}};
  catalog.roles = {{.name = "a", .privileges = {"CREATE USER"}}, {.name = "b"}};
  catalog.memberships = {{"b", "user", "bob"}, {"a", "role", "b"}, {"b", "role", "a"}};  // a circle ends too
  const Identity bob = identity_of(catalog, "bob", {});
  EXPECT_EQ(bob.groups, std::vector<std::string>{"readers"});
  EXPECT_EQ(bob.roles, (std::vector<std::string>{"b", "a"}));
  EXPECT_FALSE(bob.superuser);
  EXPECT_EQ(system_privileges(catalog, bob), std::vector<std::string>{"CREATE USER"});
  EXPECT_TRUE(identity_of(catalog, "eve", {}).superuser);
  EXPECT_TRUE(identity_of(catalog, "bob", {"sys:superuser"}).superuser);
  EXPECT_FALSE(identity_of(catalog, "nobody", {}).superuser);
}

}  // namespace
}  // namespace tarn::sql
