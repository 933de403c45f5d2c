// Gets the next certificate at two thirds of the life of this one, over the mutual TLS that the
// present one still allows.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/credentials.h"

namespace boost::asio {
class io_context;
}

namespace ringwall::agent {

class Renewal {
  public:
    // `renewed` is called from the loop with what is on the disk by then. When the controller says
    // no or cannot be reached, it is asked again after a twentieth of the life that is left.
    Renewal(boost::asio::io_context& loop, std::string state_dir, Credentials credentials,
            std::function<void(const Credentials&)> renewed);
    Renewal(const Renewal&) = delete;
    Renewal& operator=(const Renewal&) = delete;
    Renewal(Renewal&&) = delete;
    Renewal& operator=(Renewal&&) = delete;
    ~Renewal();

    void start();
    // Whatever the age of the present one; when it fails, again and again until it is there.
    void ask_now();
    const std::string& trouble() const; // of the last attempt; empty: none

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace ringwall::agent
