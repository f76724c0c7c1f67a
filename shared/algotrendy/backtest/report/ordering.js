/* Order rows by a column; what is undefined comes last in either direction, then the row's number. */
function ordered(count, read, descending) {
  const places = Array.from({ length: count }, (_, i) => i);
  const way = descending ? -1 : 1;
  return places.sort((a, b) => {
    const [left, right] = [read(a), read(b)];
    if (left === right) return a - b;
    if (left === null) return 1;
    if (right === null) return -1;
    return (left < right ? -1 : 1) * way;
  });
}
