// A bpffs in a mount namespace of this process, so that it is gone with it, however it ends.
#pragma once

#include <string>

namespace ringwall::oracle {

class PinDirectory {
  public:
    PinDirectory();
    ~PinDirectory();
    PinDirectory(const PinDirectory&) = delete;
    PinDirectory& operator=(const PinDirectory&) = delete;
    std::string path() const { return mount_ + "/pins"; }

  private:
    std::string mount_;
};

} // namespace ringwall::oracle
