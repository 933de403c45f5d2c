// The two ends of a line, as the title of a panel.
import { Text } from "../ui/text";

interface Named {
  name?: string;
}

export function Between({ from, to }: { from: Named | undefined; to: Named | undefined }) {
  return (
    <>
      <Text value={from?.name} max={60} /> → <Text value={to?.name} max={60} />
    </>
  );
}
