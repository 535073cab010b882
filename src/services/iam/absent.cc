// What no user or account has here: consoles' passwords, MFA devices, keys for other services, identity providers. Tools
// that manage identities, or delete a user, ask for all of them first.
#include <fmt/format.h>

#include "services/iam/iam.h"

namespace tarn::iam {

namespace {

// An empty list, of a user who is there.
template <class Out, class In>
Result<Out> none_of_user(Call& call, const In& in, auto Out::* list) {
  TRY(user_or_caller(call, in.user_name, Lock::kShared));
  Out out;
  (out.*list).set_present();
  if constexpr (requires { out.is_truncated; }) out.is_truncated = false;
  return out;
}

template <class Out>
Result<Out> none(auto Out::* list) {
  Out out;
  (out.*list).set_present();
  if constexpr (requires { out.is_truncated; }) out.is_truncated = false;
  return out;
}

}  // namespace

Result<GetLoginProfileOutput> get_login_profile(Iam&, Call& call, const GetLoginProfileInput& in) {
  const auto user = TRY(user_or_caller(call, in.user_name, Lock::kShared));
  return no_such_entity(fmt::format("Login Profile for User {} cannot be found.", user.record.name));
}
Result<ListMFADevicesOutput> list_mfa_devices(Iam&, Call& call, const ListMFADevicesInput& in) {
  return none_of_user(call, in, &ListMFADevicesOutput::mfa_devices);
}
Result<ListSigningCertificatesOutput> list_signing_certificates(Iam&, Call& call,
                                                                const ListSigningCertificatesInput& in) {
  return none_of_user(call, in, &ListSigningCertificatesOutput::certificates);
}
Result<ListSSHPublicKeysOutput> list_ssh_public_keys(Iam&, Call& call, const ListSSHPublicKeysInput& in) {
  return none_of_user(call, in, &ListSSHPublicKeysOutput::ssh_public_keys);
}
Result<ListServiceSpecificCredentialsOutput> list_service_specific_credentials(
    Iam&, Call& call, const ListServiceSpecificCredentialsInput& in) {
  return none_of_user(call, in, &ListServiceSpecificCredentialsOutput::service_specific_credentials);
}
Result<ListVirtualMFADevicesOutput> list_virtual_mfa_devices(Iam&, Call&, const ListVirtualMFADevicesInput&) {
  return none(&ListVirtualMFADevicesOutput::virtual_mfa_devices);
}
Result<ListServerCertificatesOutput> list_server_certificates(Iam&, Call&, const ListServerCertificatesInput&) {
  return none(&ListServerCertificatesOutput::server_certificate_metadata_list);
}
Result<ListOpenIDConnectProvidersOutput> list_open_id_connect_providers(Iam&, Call&,
                                                                        const ListOpenIDConnectProvidersInput&) {
  return none(&ListOpenIDConnectProvidersOutput::open_id_connect_provider_list);
}
Result<ListSAMLProvidersOutput> list_saml_providers(Iam&, Call&, const ListSAMLProvidersInput&) {
  return none(&ListSAMLProvidersOutput::saml_provider_list);
}

}  // namespace tarn::iam
