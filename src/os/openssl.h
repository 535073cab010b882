// Owners of OpenSSL's objects. For src/os only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>

#include <memory>

namespace tarn::openssl {

template <class T, void (*Free)(T*)>
struct FreeWith {
  void operator()(T* p) const { Free(p); }
};
template <class T, void (*Free)(T*)>
using Owner = std::unique_ptr<T, FreeWith<T, Free>>;

using Key = Owner<EVP_PKEY, EVP_PKEY_free>;
using Bio = Owner<BIO, BIO_vfree>;

}  // namespace tarn::openssl
