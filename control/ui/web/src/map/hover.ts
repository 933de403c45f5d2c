import { drawDiscNodeLabel } from "sigma/rendering";
import type { Settings } from "sigma/settings";
import type { NodeDisplayData, PartialButFor } from "sigma/types";
import type { Paint } from "./lines";

/** A ring around the group and a plate under its name, in the colours of the page. */
export function drawHover(
  context: CanvasRenderingContext2D,
  data: PartialButFor<NodeDisplayData, "x" | "y" | "size" | "label" | "color">,
  settings: Settings,
  colours: Paint,
): void {
  context.beginPath();
  context.arc(data.x, data.y, data.size + 4, 0, Math.PI * 2);
  context.lineWidth = 3;
  context.strokeStyle = colours.accent;
  context.stroke();
  if (!data.label) return;
  context.font = `${settings.labelWeight} ${settings.labelSize}px ${settings.labelFont}`;
  context.fillStyle = colours.back;
  context.fillRect(data.x + data.size + 1, data.y - 11, context.measureText(data.label).width + 8, 22);
  drawDiscNodeLabel(context, data, settings);
}
