// A descriptor kept for the moment when there are no others: then one client can still be turned
// away instead of knocking for ever.
#pragma once

namespace ringwall::server {

class Reserve {
  public:
    Reserve() { take(); }
    ~Reserve() { give(); }
    Reserve(const Reserve&) = delete;
    Reserve& operator=(const Reserve&) = delete;
    Reserve(Reserve&&) = delete;
    Reserve& operator=(Reserve&&) = delete;

    // Accepts one connection of the (non-blocking) listener and closes it.
    void turn_away(int listener);

  private:
    void take();
    void give();
    int fd_ = -1;
};

} // namespace ringwall::server
