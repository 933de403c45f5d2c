// Where a colour is on the map.

/** Two frames later everything that was asked for is on the screen. */
export const settled = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** Until the map's picture stands still: cameras and layouts move for a while. */
export async function still(page) {
  const picture = () => page.locator(".map-frame").screenshot();
  for (let last = await picture(), turn = 0; turn < 100; turn += 1) {
    await settled(page);
    const next = await picture();
    if (next.equals(last)) return;
    last = next;
  }
  throw new Error("the map does not come to rest");
}

/** How many pixels of the map have this colour, give or take; and the box around them, in the map's pixels. */
export async function found(context, colour, near = 12) {
  await settled(context.page);
  const picture = await context.page.locator(".map-frame").screenshot();
  return context.page.evaluate(
    async ([source, wanted, near_]) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width, image.height];
      const draw = canvas.getContext("2d");
      draw.drawImage(image, 0, 0);
      const { data } = draw.getImageData(0, 0, canvas.width, canvas.height);
      const same = (offset) => wanted.every((value, index) => Math.abs(data[offset + index] - value) < near_);
      const out = { count: 0, left: Infinity, right: 0, top: Infinity, bottom: 0 };
      for (let offset = 0; offset < data.length; offset += 4) {
        if (!same(offset)) continue;
        const [x, y] = [(offset / 4) % canvas.width, Math.floor(offset / 4 / canvas.width)];
        out.count += 1;
        out.left = Math.min(out.left, x);
        out.right = Math.max(out.right, x);
        out.top = Math.min(out.top, y);
        out.bottom = Math.max(out.bottom, y);
      }
      return out;
    },
    [`data:image/png;base64,${picture.toString("base64")}`, colour, near],
  );
}

export const middle = ({ left, right, top, bottom }) => ({ x: (left + right) / 2, y: (top + bottom) / 2 });
