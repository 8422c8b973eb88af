/**
 * A queue whose groups take turns, on every level of the path of an item: with the path
 * `[country, prefix]`, the countries take turns, and within a country its prefixes do. A flood in
 * one group delays another group by one item per turn. Items of one group keep their order.
 */
export class FairQueue<T> {
  private readonly items: T[] = [];
  /** A map keeps the order of insertion, so its first group is the one whose turn it is. */
  private readonly groups = new Map<string, FairQueue<T>>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(item: T, path: string[]): void {
    this.count++;
    const [key, ...rest] = path;
    if (key === undefined) {
      this.items.push(item);
      return;
    }
    let group = this.groups.get(key);
    if (!group) this.groups.set(key, (group = new FairQueue<T>()));
    group.add(item, rest);
  }

  /** Takes the item whose turn it is. */
  take(): T | undefined {
    if (this.count === 0) return undefined;
    this.count--;
    const [first] = this.groups;
    if (!first) return this.items.shift();
    const [key, group] = first;
    const item = group.take();
    this.groups.delete(key);
    if (group.size > 0) this.groups.set(key, group);
    return item;
  }

  /** Removes the newest item of the largest group, and within it of its largest group. */
  dropFromLargest(): T | undefined {
    if (this.count === 0) return undefined;
    this.count--;
    let largest: [string, FairQueue<T>] | undefined;
    for (const entry of this.groups) if (!largest || entry[1].size > largest[1].size) largest = entry;
    if (!largest) return this.items.pop();
    const [key, group] = largest;
    const item = group.dropFromLargest();
    if (group.size === 0) this.groups.delete(key);
    return item;
  }

  /** Removes all items. */
  clear(): T[] {
    const all: T[] = [];
    for (let item = this.take(); item !== undefined; item = this.take()) all.push(item);
    return all;
  }
}
