// `tarn mail`: what services sent to people.
#include <fmt/format.h>

#include <cstdio>

#include "base/time.h"
#include "cli/cli.h"

namespace tarn::cli {
namespace {

std::string when(const Json& letter) {
  return iso8601(Time::of_seconds(static_cast<int64_t>(letter["Time"].as_double())));
}

void print_line(const Json& letter) {
  std::printf("%-20s  %s  %-7s  %-5s  %-32s  %s\n", letter["Number"].as_string().c_str(), when(letter).c_str(),
              letter["State"].as_string().c_str(), letter["Kind"].as_string().c_str(), letter["To"].as_string().c_str(),
              letter["Subject"].as_string().c_str());
}

void print_whole(const Json& letter) {
  const auto line = [](const char* name, const std::string& value) {
    if (!value.empty()) std::printf("%s: %s\n", name, value.c_str());
  };
  line("To", letter["To"].as_string());
  line("From", letter["FromName"].as_string());
  line("Subject", letter["Subject"].as_string());
  line("Date", when(letter));
  line("Source", letter["Source"].as_string());
  line("State",
       letter["State"].as_string() + (letter["Why"].as_string().empty() ? "" : " (" + letter["Why"].as_string() + ")"));
  std::printf("\n%s\n", letter["Body"].as_string().c_str());
}

}  // namespace

int mail_command(const Target& target, const std::string& number) {
  if (!number.empty()) {
    const auto letter = call_server(target, "GetMail", Json::object({{"Number", number}}));
    if (!letter) return complain(letter.error());
    print_whole((*letter)["Letter"]);
    return 0;
  }
  const auto letters = call_server(target, "ListMail", Json::object());
  if (!letters) return complain(letters.error());
  for (const Json& letter : (*letters)["Letters"].items()) print_line(letter);
  return 0;
}

}  // namespace tarn::cli
