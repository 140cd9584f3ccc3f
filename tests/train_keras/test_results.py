from train_keras.results import write_section


def test_a_section_replaces_itself_alone(tmp_path):
    path = tmp_path / "docs" / "results.md"
    for key in ("a", "b", "ab"):
        write_section(key, f"Title {key}", f"mien {key}", f"first body of {key}", path)
    before = path.read_text()
    write_section("b", "Title b", "mien b --again", r"second \1 body", path)
    after = path.read_text()
    assert "first body of b" not in after
    assert r"second \1 body" in after
    assert after.count("## Title b\n") == 1
    head, tail = before.split("<!-- b -->")[0], before.split("<!-- /b -->")[1]
    assert after.startswith(head)
    assert after.endswith(tail)
    assert "`mien b --again`, 20" in after
    assert ", commit " in after


def test_hand_written_text_stays(tmp_path):
    path = tmp_path / "framing.md"
    path.write_text("# Mine\n\nA remark.\n")
    write_section("x", "X", "mien x", "body", path)
    write_section("x", "X", "mien x", "other", path)
    assert path.read_text().startswith("# Mine\n\nA remark.\n\n<!-- x -->\n## X\n")
    assert path.read_text().endswith("other\n<!-- /x -->\n")
