// A text field that offers what there is: arrows choose, Enter takes, Escape closes. Anything may be typed.
import type { TargetedKeyboardEvent } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { offered, tokenOf, withToken, type Option } from "./offers";
import { Text } from "./text";

interface Props {
  label: string;
  value: string;
  change: (text: string) => void;
  options: Option[];
  /** Several, with commas between them: what is offered completes the last. */
  many?: boolean;
  placeholder?: string;
  wrong?: string;
}

export function Combobox({ label, value, change, options, many, placeholder, wrong }: Props) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const { items, more } = open ? offered(options, many ? tokenOf(value) : value) : { items: [], more: 0 };
  const shown = open && items.length > 0;
  const take = (option: Option) => {
    change(many ? withToken(value, option.value) : option.value);
    setOpen(false);
    setActive(-1);
  };
  const key = (event: TargetedKeyboardEvent<HTMLInputElement>) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setOpen(true);
      setActive(shown ? (active + step + items.length) % items.length : step > 0 ? 0 : -1);
    } else if (event.key === "Enter" && shown && items[active]) {
      event.preventDefault();
      take(items[active]);
    } else if (event.key === "Escape" && shown) {
      event.stopPropagation();
      setOpen(false);
    }
  };
  return (
    <span class="combo">
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && active >= 0 ? `${id}-${active}` : undefined}
        aria-invalid={wrong ? "true" : undefined}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder={placeholder}
        value={value}
        onInput={(event) => {
          change(event.currentTarget.value);
          setOpen(true);
          setActive(-1);
        }}
        onFocus={() => setOpen(true)}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={key}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={`${label}: offers`} class="combo-list" hidden={!shown}>
        {items.map((option, at) => (
          <li
            key={option.value}
            id={`${id}-${at}`}
            role="option"
            aria-selected={at === active}
            onMouseDown={(event) => {
              event.preventDefault();
              take(option);
            }}
          >
            <Text value={option.value} max={60} />
            {option.hint && (
              <span class="quiet">
                <Text value={option.hint} max={60} />
              </span>
            )}
          </li>
        ))}
        {more > 0 && (
          <li role="option" aria-disabled="true" aria-selected="false" class="quiet">
            {more} more: type on
          </li>
        )}
      </ul>
    </span>
  );
}
