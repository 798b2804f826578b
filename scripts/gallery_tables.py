"""Tables about the bundled gallery and its benchmark, for `measured_tables.py`."""

from stored import stored

_MAPS = {
    "after-umap": "UMAP, after SADAL",
    "after-umap3": "UMAP in 3-D, after SADAL",
    "after-pca": "PCA, after SADAL",
    "after-joint": "UMAP fitted with the generated negatives, after SADAL",
    "before-umap": "UMAP, before SADAL",
    "before-umap3": "UMAP in 3-D, before SADAL",
    "before-pca": "PCA, before SADAL",
}


def map_table() -> str:
    """How faithful the maps of the bundled gallery are, and how placing agrees with UMAP."""
    about = stored("assets/gallery/about.json")
    known = about["maps"]["faithfulness"]
    lines = ["| map | trustworthiness | of the 15 nearest kept |", "|---|---|---|"]
    lines += [
        f"| {title} | {known[name]['trustworthiness']:.3f} | {100 * known[name]['overlap']:.0f} % |"
        for name, title in _MAPS.items()
    ]
    lines += ["", "| placed without UMAP | points | off UMAP's transform, median (90 %) "
              "| UMAP's transform with another seed |", "|---|---|---|---|"]  # fmt: skip
    for kind, one in about["maps"]["agreement"].items():
        lines.append(
            f"| {kind} | {one['points']} | {_share(one['median'])} ({_share(one['p90'])}) of the "
            f"map's diagonal | {_share(one['own_median'])} ({_share(one['own_p90'])}) |"
        )
    lines += ["", f"`{about['command']}`, code at revision `{about['revision'][:12]}`."]
    return "\n".join(lines)


def gallery_speed_table() -> str:
    """The stored benchmark of map and gallery."""
    record = stored("results/benchmark-gallery.json")
    large = [name.split("_")[1] for name in record if name.startswith("browser_")]
    browsers = [record["browser"], *(record[f"browser_{count}_points"] for count in large)]
    servers = [record["server"], *(record[f"server_{count}_points"] for count in large)]
    rows = [
        (label, *(f"{one[name]:.0f} {unit}" for one in browsers))
        for name, label, unit in (
            ("open_first_time_ms", "click on the tab to the drawn map, the first time", "ms"),
            ("redraw_ms", "drawing it again", "ms"),
            ("drag_frames_per_second", "dragging it", "frames/s"),
            ("hover_to_picture_ms", "mouse over a point to its picture", "ms"),
            ("click_to_neighbours_ms", "click to its neighbours on the page", "ms"),
        )
    ]
    looked = (f"{one['neighbours_ms']:.1f} ms" for one in servers)
    rows.append(("of it finding the neighbours", *looked))
    placing, build = record["placing"], record["building_seconds_per_1000_faces"]
    points = record["points"]
    heads = (
        "in Chromium without a graphics card",
        f"{points['real']:,} real and {points['generated_drawn']:,} generated points",
        *(f"{int(count):,} real points" for count in large),
    )
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    lines += [*(f"| {' | '.join(row)} |" for row in rows), ""]
    lines += [
        f"A point is placed in {placing['place_ms']:.1f} ms, {placing['ratio']:.0f} times faster "
        f"than by UMAP's transform. Building takes {build['whole']:.0f} s for each 1,000 faces, "
        "without crops, features and epochs: five UMAPs, how faithful they are, and how placing "
        f"agrees; one UMAP in the plane takes {build['umap_2d']:.0f} s of it, and as much again "
        "for every recorded epoch.",
        "",
        f"`{record['command']}`, code at revision `{record['revision'][:12]}`.",
    ]
    return "\n".join(lines)


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
