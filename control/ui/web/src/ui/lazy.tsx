import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Loading } from "./states";

/** A page whose code is loaded when it is opened. */
export function lazy(what: string, load: () => Promise<() => JSX.Element | null>) {
  return function Lazy() {
    const [Page, setPage] = useState<(() => JSX.Element | null) | undefined>();
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      load().then(
        (page) => setPage(() => page),
        () => setFailed(true),
      );
    }, []);
    if (failed)
      return (
        <div class="failure" role="alert">
          <p>This page could not be loaded.</p>
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      );
    return Page ? <Page /> : <Loading what={what} />;
  };
}
