// The licences of what is bundled go along, as their texts ask.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";

const PACKAGE = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;

function text([name, folder]: [string, string]): string {
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const whole = file && existsSync(`${folder}/${file}`) ? readFileSync(`${folder}/${file}`, "utf8").trim() : license;
  return `${name} ${version} (${license})\n\n${whole}\n`;
}

export function licenses(): Plugin {
  return {
    name: "licenses",
    generateBundle() {
      const found = new Map<string, string>();
      for (const id of this.getModuleIds()) {
        const [, folder, name] = PACKAGE.exec(id.replace(/^\0/, "").replace(/\?.*$/, "")) ?? [];
        if (folder && name) found.set(name, folder);
      }
      const source = [...found]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(text)
        .join(`\n${"-".repeat(80)}\n\n`);
      if (source) this.emitFile({ type: "asset", fileName: "licenses.txt", source });
    },
  };
}
