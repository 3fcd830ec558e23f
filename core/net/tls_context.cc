// SPDX-License-Identifier: Apache-2.0
/// Certificates, keys and rules: read from files, with words for what is wrong with them.
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "core/base/fd.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "core/net/tls.hh"
#include "core/net/tls_words.hh"

namespace stook {

namespace {
struct FreeContext {
  void operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
};
using OwnedContext = std::unique_ptr<ssl_ctx_st, FreeContext>;

/// By what a changed file is known.
struct FileMark {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  timespec written{};
  timespec changed{};

  static FileMark of(const struct stat& file) {
    return {file.st_dev, file.st_ino, file.st_size, file.st_mtim, file.st_ctim};
  }
  bool operator==(const FileMark& other) const {
    return device == other.device && inode == other.inode && size == other.size &&
           written.tv_sec == other.written.tv_sec && written.tv_nsec == other.written.tv_nsec &&
           changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec;
  }
};

[[noreturn]] void refuse(const char* option, const std::string& what, int code = 0) {
  ERR_clear_error();
  throw SetupError(std::string(option) + ": " + what, code);
}

// That the file can be read, by an error that names it: OpenSSL's do not.
struct stat look_at(const char* option, const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat found {};
  if (!file || ::fstat(file.get(), &found) != 0) {
    int error = errno;
    refuse(option, "cannot read " + path + ": " + std::strerror(error), error);
  }
  if (S_ISDIR(found.st_mode)) {
    refuse(option, path + " is a folder; it takes a file in PEM", EISDIR);
  }
  return found;
}

// A key with a password would be asked for on the terminal.
int no_password(char*, int, int, void*) {
  return -1;
}

// `option` named the file.
void load_key(SSL_CTX* context, const char* option, const std::string& path) {
  struct stat file = look_at(option, path);
  if ((file.st_mode & (S_IROTH | S_IWOTH | S_IXOTH | S_IWGRP)) != 0) {
    refuse(option, "others may read or write " + path + "; `chmod 0600` makes it private", EACCES);
  }
  if (SSL_CTX_use_PrivateKey_file(context, path.c_str(), SSL_FILETYPE_PEM) != 1) {
    unsigned long error = ERR_peek_last_error();
    if (ERR_GET_LIB(error) == ERR_LIB_X509 && ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH) {
      refuse(option, path + " is not the key of the certificate in tls_cert");
    }
    refuse(option, path + " holds no private key in PEM without a password: " + tls_error_words());
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    refuse(option, path + " is not the key of the certificate in tls_cert");
  }
}

void load_certificate(SSL_CTX* context, const TlsConfig& config) {
  if (config.tls_cert.empty()) {
    return;
  }
  look_at("tls_cert", config.tls_cert);
  if (SSL_CTX_use_certificate_chain_file(context, config.tls_cert.c_str()) != 1) {
    refuse("tls_cert", config.tls_cert + " holds no certificate in PEM: " + tls_error_words());
  }
  bool is_alone = config.tls_key.empty();
  load_key(context, is_alone ? "tls_cert" : "tls_key", is_alone ? config.tls_cert : config.tls_key);
}

void load_authorities(SSL_CTX* context, const char* option, const std::string& path) {
  look_at(option, path);
  if (SSL_CTX_load_verify_file(context, path.c_str()) != 1) {
    refuse(option, path + " holds no certificate in PEM: " + tls_error_words());
  }
}

OwnedContext load(const TlsConfig& config, TlsRole role) {
  ERR_clear_error();
  OwnedContext context(SSL_CTX_new(role == TlsRole::Client ? TLS_client_method() : TLS_server_method()));
  if (!context) {
    throw SetupError("OpenSSL gives no context: " + tls_error_words());
  }
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, config.tls_min == TlsLeast::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_early_data(raw, 0);
  SSL_CTX_set_default_passwd_cb(raw, no_password);
  load_certificate(raw, config);
  if (role == TlsRole::Server) {
    if (config.tls_cert.empty()) {
      refuse("tls", "who listens needs a certificate to show; tls_cert names its file");
    }
    const unsigned char name[] = "stook";
    SSL_CTX_set_session_id_context(raw, name, sizeof(name) - 1);
    // Tickets that a peer which only writes leaves unread would make its close(2) a reset, and what it has sent is cut off.
    // To one that has shown a certificate they are the word that it was taken.
    SSL_CTX_set_num_tickets(raw, config.tls_client_ca.empty() ? 0 : 2);
    if (!config.tls_client_ca.empty()) {
      load_authorities(raw, "tls_client_ca", config.tls_client_ca);
      SSL_CTX_set_client_CA_list(raw, SSL_load_client_CA_file(config.tls_client_ca.c_str()));
      SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    return context;
  }
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(raw, config.tls_verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!config.tls_ca.empty()) {
    load_authorities(raw, "tls_ca", config.tls_ca);
  } else if (config.tls_verify) {
    SSL_CTX_set_default_verify_paths(raw);
  }
  return context;
}
}  // namespace

struct TlsContext::Files {
  std::array<FileMark, 4> marks;

  static Files of(const TlsConfig& config) {
    Files files;
    size_t at = 0;
    for (const std::string* path : {&config.tls_ca, &config.tls_cert, &config.tls_key, &config.tls_client_ca}) {
      struct stat found {};
      if (!path->empty() && ::stat(path->c_str(), &found) == 0) {
        files.marks[at] = FileMark::of(found);
      }
      at++;
    }
    return files;
  }
};

// The files are looked at before they are read: one that changes meanwhile is read again by the next reload.
TlsContext::TlsContext(const TlsConfig& config, TlsRole role)
    : config_(config), role_(role), files_(std::make_unique<Files>(Files::of(config))) {
  context_ = load(config_, role_).release();
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

std::string TlsContext::reload() {
  Files files = Files::of(config_);
  if (files.marks == files_->marks) {
    return {};
  }
  try {
    OwnedContext context = load(config_, role_);
    SSL_CTX_free(context_);
    context_ = context.release();
    *files_ = files;
    reloads_++;
    return {};
  } catch (const SetupError& error) {
    return error.what();
  }
}

bool TlsContext::lend(ssl_ctx_st* to) const {
  if (X509* certificate = SSL_CTX_get0_certificate(context_)) {
    STACK_OF(X509)* chain = nullptr;
    SSL_CTX_get0_chain_certs(context_, &chain);
    if (SSL_CTX_use_certificate(to, certificate) != 1 || SSL_CTX_set1_chain(to, chain) != 1 ||
        SSL_CTX_use_PrivateKey(to, SSL_CTX_get0_privatekey(context_)) != 1) {
      return false;
    }
  }
  if (!config_.tls_ca.empty()) {
    SSL_CTX_set1_cert_store(to, SSL_CTX_get_cert_store(context_));
    // As libcurl has it: a CA in tls_ca is believed though its own is not there.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(to), X509_V_FLAG_PARTIAL_CHAIN);
  }
  return true;
}

bool reload_certificates(TlsContext* tls, std::string_view instance) {
  if (tls == nullptr) {
    return false;
  }
  uint64_t before = tls->reloads();
  std::string why = tls->reload();
  bool is_new = tls->reloads() > before;
  if (!why.empty()) {
    log_event(Level::Error, "certificates_kept", Fields()("instance", instance)("reason", why));
  } else if (is_new) {
    log_event(Level::Notice, "certificates_reloaded", Fields()("instance", instance));
  }
  return is_new;
}

std::unique_ptr<TlsSession> TlsContext::session(int fd, std::string_view host) const {
  std::unique_ptr<TlsSession> session(new TlsSession(context_, fd, role_));
  if (role_ == TlsRole::Client) {
    session->demand(config_.tls_name.empty() ? std::string(host) : config_.tls_name, config_.tls_verify);
  }
  return session;
}

namespace {
/// Where the service manager puts a credential of that name.
std::string credential(const char* option, const std::string& name) {
  const char* folder = ::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || name.empty() || name.find('/') != std::string::npos) {
    throw std::invalid_argument(std::string(option) + ": cred:" + name +
                                (folder == nullptr
                                     ? " wants CREDENTIALS_DIRECTORY, which is not set; start stookd by a "
                                       "unit with LoadCredential=, or name a file"
                                     : " is no name of a credential; write cred:server.key"));
  }
  return std::string(folder) + "/" + name;
}
}  // namespace

void declare_tls(TlsConfig& config, TlsRole role, std::string_view folder, const char* on) {
  std::pair<const char*, std::string*> paths[] = {{"tls_ca", &config.tls_ca},
                                                  {"tls_cert", &config.tls_cert},
                                                  {"tls_key", &config.tls_key},
                                                  {"tls_client_ca", &config.tls_client_ca}};
  for (auto& [option, path] : paths) {
    if (!path->empty() && !config.tls) {
      throw std::invalid_argument(std::string(option) + ": has no use without TLS; set tls = " + on +
                                  " or leave it out");
    }
    if (path->starts_with("cred:")) {
      *path = credential(option, path->substr(5));
    } else if (!path->empty() && path->front() != '/' && !folder.empty() && folder != ".") {
      *path = std::string(folder) + "/" + *path;
    }
  }
  if (!config.tls) {
    return;
  }
  if (!config.tls_key.empty() && config.tls_cert.empty()) {
    throw std::invalid_argument("tls_key: is the key of a certificate; name that with tls_cert");
  }
  try {
    TlsContext check(config, role);
  } catch (const SetupError& error) {
    throw std::invalid_argument(error.what());
  }
}

}  // namespace stook
