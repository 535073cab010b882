// Text messages: settings, and who does not want any. What is sent is kept where `tarn mail` shows it.
#include <fmt/format.h>

#include <algorithm>

#include "door/door.h"
#include "services/sns/sns.h"

namespace tarn::sns {
namespace {

// AWS: SetSMSAttributes.
constexpr std::string_view kSettings[] = {
    "MonthlySpendLimit", "DeliveryStatusIAMRole", "DeliveryStatusSuccessSamplingRate",
    "DefaultSenderID",   "DefaultSMSType",        "UsageReportS3Bucket"};

}  // namespace

bool is_phone_number(std::string_view text) {
  return text.size() >= 3 && text.size() <= 16 && text[0] == '+' && text[1] != '0' &&
         std::ranges::all_of(text.substr(1), [](unsigned char c) { return std::isdigit(c); });
}

Result<SetSMSAttributesOutput> set_sms_attributes(Sns&, Call& call, const SetSMSAttributesInput& in) {
  const RegionKey key{call.account(), call.region()};
  AttributesRecord record = TRY(call.get(kPhoneSettings, key)).value_or(AttributesRecord{});
  for (const auto& [name, value] : in.attributes) {
    if (std::ranges::find(kSettings, name) == std::end(kSettings))
      return invalid(fmt::format("{} is no SMS attribute", name));
    record.attributes[name] = value;
  }
  TRY(call.put(kPhoneSettings, key, record));
  return SetSMSAttributesOutput{};
}

Result<GetSMSAttributesOutput> get_sms_attributes(Sns&, Call& call, const GetSMSAttributesInput& in) {
  const AttributesRecord record =
      TRY(call.get(kPhoneSettings, {call.account(), call.region()}, Lock::kNone)).value_or(AttributesRecord{});
  GetSMSAttributesOutput out;
  out.attributes.set_present();
  for (const auto& [name, value] : record.attributes)
    if (in.attributes.empty() || std::ranges::find(in.attributes, name) != in.attributes.end())
      out.attributes[name] = value;
  return out;
}

// Nobody can opt out of messages that are not sent.
Result<CheckIfPhoneNumberIsOptedOutOutput> check_if_phone_number_is_opted_out(
    Sns&, Call&, const CheckIfPhoneNumberIsOptedOutInput&) {
  return CheckIfPhoneNumberIsOptedOutOutput{.is_opted_out = false};
}

Result<ListPhoneNumbersOptedOutOutput> list_phone_numbers_opted_out(Sns&, Call&, const ListPhoneNumbersOptedOutInput&) {
  ListPhoneNumbersOptedOutOutput out;
  out.phone_numbers.set_present();
  return out;
}

Result<OptInPhoneNumberOutput> opt_in_phone_number(Sns&, Call&, const OptInPhoneNumberInput&) {
  return OptInPhoneNumberOutput{};
}

Result<GetSMSSandboxAccountStatusOutput> get_sms_sandbox_account_status(Sns&, Call&,
                                                                        const GetSMSSandboxAccountStatusInput&) {
  return GetSMSSandboxAccountStatusOutput{.is_in_sandbox = false};
}

}  // namespace tarn::sns
