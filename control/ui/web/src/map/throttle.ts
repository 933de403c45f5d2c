/** Calls at once, then at most once per pause; the last call is never lost. */
export function throttled(action: () => void, pause: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const run = () => {
    again = false;
    action();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) run();
    }, pause);
  };
  return {
    call: () => {
      if (timer === undefined) run();
      else again = true;
    },
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
      again = false;
    },
  };
}
