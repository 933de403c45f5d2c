import { layout, type LayoutTask } from "./forces";

self.onmessage = (event: MessageEvent<LayoutTask>) => {
  self.postMessage(layout(event.data));
};
