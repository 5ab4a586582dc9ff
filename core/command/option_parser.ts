import { InvalidArgumentError } from "commander";

/** `parse` for commander, so that the `RangeError` that it throws is a usage error and names the option. */
export function optionParser<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (thrown) {
      if (thrown instanceof RangeError) throw new InvalidArgumentError(thrown.message);
      throw thrown;
    }
  };
}

/** As `optionParser()`, for an option that may be given again: all values, in their order. */
export function repeatedOptionParser<T>(
  parse: (text: string) => T,
): (text: string, before?: readonly T[]) => readonly T[] {
  const parseOne = optionParser(parse);
  return (text, before = []) => [...before, parseOne(text)];
}
