export function Change({ value }: { value: "newly-blocked" | "newly-allowed" }) {
  return (
    <span class={value === "newly-blocked" ? "verdict verdict-blocked" : "verdict verdict-allowed"}>
      {value.replace("-", " ")}
    </span>
  );
}
