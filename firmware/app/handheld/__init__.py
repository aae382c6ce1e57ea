"""The inspector's handheld 巡检仪: visits, samples and re-weighings, recorded and sealed offline."""
