"""Drawing of GB registration plates: glyphs, layouts, styles and marks as found on the road."""
