/** The timers of one turn, earliest first, by (dueAt, key). A binary heap; duplicates are allowed. */
export interface Due {
  readonly dueAt: number;
  readonly key: string;
}

export class DueHeap {
  private readonly items: Due[] = [];

  get first(): Due | undefined {
    return this.items[0];
  }

  push(due: Due): void {
    const items = this.items;
    items.push(due);
    let at = items.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.swapIfLess(at, parent)) return;
      at = parent;
    }
  }

  pop(): Due | undefined {
    const items = this.items;
    const first = items[0];
    const last = items.pop();
    if (last && items.length > 0) {
      items[0] = last;
      let at = 0;
      for (;;) {
        const left = 2 * at + 1;
        const right = left + 1;
        let least = at;
        if (left < items.length && this.isLess(left, least)) least = left;
        if (right < items.length && this.isLess(right, least)) least = right;
        if (least === at) break;
        this.swapIfLess(least, at);
        at = least;
      }
    }
    return first;
  }

  private isLess(a: number, b: number): boolean {
    const left = this.items[a] as Due;
    const right = this.items[b] as Due;
    return left.dueAt < right.dueAt || (left.dueAt === right.dueAt && left.key < right.key);
  }

  private swapIfLess(child: number, parent: number): boolean {
    if (!this.isLess(child, parent)) return false;
    const item = this.items[child] as Due;
    this.items[child] = this.items[parent] as Due;
    this.items[parent] = item;
    return true;
  }
}
