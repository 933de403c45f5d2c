#include "control/server/socket_bio.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <memory>

#include <openssl/bio.h>

namespace ringwall::server {
namespace {

int fd_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool is_passing(ssize_t result) {
    return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

int read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    const auto got = recv(fd_of(bio), into, static_cast<std::size_t>(size), MSG_DONTWAIT);
    if (is_passing(got))
        BIO_set_retry_read(bio);
    return static_cast<int>(got);
}

int write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const auto sent =
        send(fd_of(bio), bytes, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (is_passing(sent))
        BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

long control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

struct FreeMethod {
    void operator()(BIO_METHOD* it) const { BIO_meth_free(it); }
};
using Method = std::unique_ptr<BIO_METHOD, FreeMethod>;

Method make_method() {
    Method out(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ringwall socket"));
    if (out) {
        BIO_meth_set_read(out.get(), read);
        BIO_meth_set_write(out.get(), write);
        BIO_meth_set_ctrl(out.get(), control);
    }
    return out;
}

} // namespace

bio_st* socket_bio(int fd) {
    static const Method method = make_method();
    BIO* bio = method ? BIO_new(method.get()) : nullptr;
    if (bio) {
        BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
        BIO_set_init(bio, 1);
    }
    return bio;
}

} // namespace ringwall::server
