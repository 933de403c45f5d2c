// Loads BPF objects as the loader would, throws them away, and reports what the verifier had to do:
//   object NAME loaded|refused
//   program NAME/PROGRAM VERIFIED_INSTRUCTIONS
// Usage: vm_verify REPORT_FILE OBJECT...     (why a program was refused goes to stderr)
#include <bpf/libbpf.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr unsigned log_steps = 1, log_statistics = 4; // as in the kernel's bpf_verifier.h
constexpr std::size_t statistics_bytes = 64 * 1024;
constexpr std::size_t steps_bytes = (16u << 20) - 1; // the most that old kernels take

struct Close {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
};
using Object = std::unique_ptr<bpf_object, Close>;

class Log {
  public:
    Log(bpf_program* program, unsigned level, std::size_t bytes) : bytes_(bytes) {
        bpf_program__set_log_level(program, level);
        bpf_program__set_log_buf(program, bytes_.data(), bytes_.size());
    }
    std::string_view text() const { return bytes_.data(); }
    // The reason stands at the end; an old kernel stops writing when the buffer is full.
    bool cut_off() const { return text().size() + 1 >= bytes_.size(); }

  private:
    std::vector<char> bytes_;
};

// "processed 1234 insns (limit ...": the last line of what the verifier says.
unsigned verified(std::string_view log) {
    constexpr std::string_view mark = "processed ";
    const auto at = log.rfind(mark);
    unsigned count = 0;
    if (at != std::string_view::npos)
        std::from_chars(log.data() + at + mark.size(), log.data() + log.size(), count);
    return count;
}

// Loads that program again, alone and with the verifier telling each step.
void explain(const char* path, const std::string& name) {
    const Object object(bpf_object__open(path));
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get()) {
        bpf_program__set_autoload(program, name == bpf_program__name(program));
    }
    program = bpf_object__find_program_by_name(object.get(), name.c_str());
    const Log log(program, log_steps, steps_bytes);
    if (bpf_object__load(object.get()) == 0 || log.cut_off())
        return;
    constexpr std::size_t shown = 3000;
    const auto text = log.text();
    std::cerr << text.substr(text.size() > shown ? text.size() - shown : 0) << '\n';
}

bool report(const char* path, std::ostream& out) {
    const auto name = std::filesystem::path(path).stem().stem().string();
    const Object object(bpf_object__open(path));
    if (!object)
        return false;
    std::map<std::string, Log> logs;
    std::string last; // to be tried; those after a refused program have an empty log
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get()) {
        logs.try_emplace(bpf_program__name(program), program, log_statistics, statistics_bytes);
    }
    const bool loaded = bpf_object__load(object.get()) == 0;
    out << "object " << name << (loaded ? " loaded\n" : " refused\n") << std::flush;
    bpf_object__for_each_program(program, object.get()) {
        if (const auto text = logs.at(bpf_program__name(program)).text(); !text.empty()) {
            last = bpf_program__name(program);
            if (loaded)
                out << "program " << name << '/' << last << ' ' << verified(text) << '\n';
        }
    }
    if (!loaded && !last.empty()) {
        std::cerr << last << " was refused: " << logs.at(last).text() << '\n';
        explain(path, last);
    }
    return loaded;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "Usage: vm_verify REPORT_FILE OBJECT...\n";
        return 2;
    }
    std::ofstream out(argv[1]);
    bool all = true;
    for (int i = 2; i < argc; ++i)
        all = report(argv[i], out) && all;
    return all && out.flush() ? 0 : 1;
}
