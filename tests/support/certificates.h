// Certificates that a test makes for itself, with P-256 keys.
#pragma once

#include <memory>
#include <string>

namespace trunkline {

struct TestIdentity {
  std::string certificate, key;  // PEM
};

struct CertificateWish {
  std::string names = "DNS:localhost,IP:127.0.0.1";  // subjectAltName, as OpenSSL writes it
  long from_s = -3600, to_s = 3600;                  // from now
};

class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  std::string pem() const;
  TestIdentity Issue(const CertificateWish& wish = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trunkline
