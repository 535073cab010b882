#include <fmt/format.h>

#include "door/door.h"
#include "services/sts/sts.h"

namespace tarn::sts {

// AWS: no permission is needed, and none can be taken away.
Result<GetCallerIdentityOutput> get_caller_identity(Sts&, Call& call, const GetCallerIdentityInput&) {
  const Principal& who = call.principal();
  return GetCallerIdentityOutput{.user_id = who.user_id, .account = who.account, .arn = who.arn};
}

Result<GetAccessKeyInfoOutput> get_access_key_info(Sts&, Call& call, const GetAccessKeyInfoInput& in) {
  if (const auto root = call.door().accounts().by_key(*in.access_key_id))
    return GetAccessKeyInfoOutput{.account = root->account};
  if (const auto key = TRY(call.door().identities().access_key(call.tx(), *in.access_key_id)))
    return GetAccessKeyInfoOutput{.account = key->principal.account};
  return fail(
      400, "ValidationError",
      fmt::format("The access key {} is none of a user's or an account's on this server. (Of a temporary key only "
                  "its session token knows the account.)",
                  *in.access_key_id));
}

// No service of this server encodes its denials: each says in plain words what was missing. So no message is one of its own.
Result<DecodeAuthorizationMessageOutput> decode_authorization_message(Sts&, Call&,
                                                                      const DecodeAuthorizationMessageInput&) {
  return fail(400, "InvalidAuthorizationMessageException", "The message is not an encoded message of this server.");
}

}  // namespace tarn::sts
