import { Menu } from "./menu";

const EXAMPLES: [string, string][] = [
  ["from.role=Web to.app=Payments", "an end by its labels; without from. or to. either end"],
  ["port=443,8000-8999", "one of these ports"],
  ["verdict=blocked,would-block", "allowed, would-block, unmatched, blocked"],
  ["from.verdict=allowed to.verdict=blocked draft=allowed", "what each end said; what the draft would say (map)"],
  ["process=nginx not user=root", "program, path, unit or container; user"],
  ["address=10.0.0.0/8 list=office", "an address, a network, an address list"],
  ["rule=payments/web-to-app", "the rule that decided"],
  ["since=24h (port=22 or port=3389)", "time; or, not, parentheses"],
  ["bytes>1000000 retransmits>10", "numbers"],
  ["refused>0 or timed-out>0 or reset>0", "connections that came to nothing"],
];

export function QueryHelp() {
  return (
    <Menu title="Help" right>
      <p class="quiet">
        Terms side by side must all hold; <code>*</code> at either end stands for anything.
      </p>
      <dl class="help">
        {EXAMPLES.map(([text, meaning]) => (
          <div key={text}>
            <dt>
              <code>{text}</code>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Menu>
  );
}
