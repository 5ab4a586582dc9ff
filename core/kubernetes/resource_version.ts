/** Whether resource version `a` is `b` or came later. Those of one kind of objects are numbers that grow. */
export function isAtLeast(a: string, b: string): boolean {
  return a.length === b.length ? a >= b : a.length > b.length;
}
