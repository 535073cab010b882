#include "door/mail.h"

#include "base/text.h"
#include "gen/admin/handlers.h"
#include "services/admin/admin.h"

namespace tarn::admin {
namespace {

Letter to_wire(const LetterKey& key, const tarn::Letter& letter) {
  return {.number = std::to_string(key.number), .kind = letter.kind, .to = letter.to, .subject = letter.subject, .body = letter.body,
          .from_name = letter.from_name, .source = letter.source, .time = letter.time, .state = std::string(state_text(letter.state)),
          .why = letter.why};
}

}  // namespace

// An account sees its own letters only, the newest first.
Result<ListMailResult> list_mail(Administration&, Call& call, const ListMailRequest& in) {
  const auto page = TRY(call.tx().scan(kLetters, {.prefix = prefix_of(kLetters, call.account()),
                                                  .limit = static_cast<size_t>(in.max_results.value_or(100)),
                                                  .reverse = true}));
  ListMailResult out;
  out.letters.set_present();
  for (const auto& [key, letter] : page.entries) out.letters.push_back(to_wire(key, letter));
  return out;
}

Result<GetMailResult> get_mail(Administration&, Call& call, const GetMailRequest& in) {
  const auto number = parse_int(*in.number);
  const LetterKey key{call.account(), static_cast<uint64_t>(number.value_or(0))};
  const auto letter = number ? TRY(call.get(kLetters, key, Lock::kNone)) : std::nullopt;
  if (!letter) return fail(404, "NoSuchLetter", "There is no letter " + *in.number + ": `tarn mail` lists them.");
  GetMailResult out;
  out.letter.emplace() = to_wire(key, *letter);
  return out;
}

}  // namespace tarn::admin
